// Asks the device for a passkey and sends its answer with the form. Without this file, the page says what to do instead.

const supported = window.PublicKeyCredential?.parseRequestOptionsFromJSON !== undefined;

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!supported) continue;
  form.querySelector("[data-needs-script]").hidden = false;
  form.querySelector("[data-without-script]").hidden = true;
  form.addEventListener("submit", (event) => {
    if (form.dataset.answered) return;
    event.preventDefault();
    answer(form).then(
      () => {
        form.dataset.answered = "yes";
        form.requestSubmit();
      },
      () => {
        form.querySelector("[data-refused]").hidden = false;
      },
    );
  });
}

async function answer(form) {
  const options = JSON.parse(form.dataset.options);
  const credential =
    form.dataset.passkey === "create"
      ? await navigator.credentials.create({
          publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
        })
      : await navigator.credentials.get({
          publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
        });
  form.querySelector("input[name$=passkey]").value = JSON.stringify(credential.toJSON());
}
