"""Names and sentences of the sample data; every family name says by itself that it is made up."""

from typing import Final

MOTHERS: Final = (
    "Анна", "Мария", "Екатерина", "Ольга", "Наталья", "Дарья", "Алина", "Ксения", "Юлия", "Ирина",
    "Виктория", "Полина", "Светлана", "Татьяна", "Елена", "Вера", "Надежда", "Марина",
)  # fmt: skip
GIRLS: Final = ("София", "Алиса", "Ева", "Варвара", "Мила", "Таисия", "Кира", "Арина", "Злата")
BOYS: Final = ("Михаил", "Артём", "Лев", "Матвей", "Тимур", "Илья", "Егор", "Марк", "Фёдор")
FATHERS: Final = ("Андрей", "Сергей", "Павел", "Роман", "Олег")
# Each with the ending for a woman and for a man.
FAMILY_NAMES: Final = (
    ("Образцова", "Образцов"),
    ("Примерова", "Примеров"),
    ("Тестова", "Тестов"),
    ("Выдумкина", "Выдумкин"),
    ("Учебникова", "Учебников"),
)

STAFF: Final = {
    "social-worker": ("anna", "Анна Образцова"),
    "specialist": ("ksenia", "Ксения Примерова"),
    "house-staff": ("galina", "Галина Тестова"),
    "duty-operator": ("rita", "Рита Выдумкина"),
    "volunteer-coordinator": ("oleg", "Олег Примеров"),
    "fundraiser": ("daria", "Дарья Тестова"),
    "bookkeeper": ("nina", "Нина Учебникова"),
    "director": ("elena", "Елена Образцова"),
    "auditor": ("pavel", "Павел Проверкин"),
    "supervisor": ("marina", "Марина Тестова"),
    "privacy-officer": ("ilya", "Илья Тестов"),
    "administrator": ("boris", "Борис Выдумкин"),
}
SECOND_WORKER: Final = ("vera", "Вера Учебникова")

SITUATIONS: Final = (
    "Осталась с детьми без жилья и без работы. Учебный пример.",
    "Ссоры дома, мама боится возвращаться. Учебный пример.",
    "Опека предупредила, что может забрать детей. Учебный пример.",
    "Не хватает еды и одежды, пособие не оформлено. Учебный пример.",
    "Мама выросла в детском доме, помочь ей некому. Учебный пример.",
    "Нужна помощь с документами и с уходом за малышом. Учебный пример.",
)
BODIES: Final = {
    "guardianship": "Отдел опеки (учебный пример)",
    "hospital": "Родильный дом (учебный пример)",
    "police": "Отдел полиции (учебный пример)",
    "school": "Детский сад (учебный пример)",
    "ngo": "Благотворительный фонд (учебный пример)",
    "helpline": "Телефон доверия (учебный пример)",
}
SERVICE_NOTES: Final = (
    "Поговорили о планах на неделю.",
    "Вместе собрали бумаги для пособия.",
    "Мама спокойнее, дети хорошо спят.",
    "Договорились о следующей встрече.",
    "Принесли тёплую одежду.",
    "Сходили вместе в поликлинику.",
)

# Given names and a family name that reads as made up in the language of the donor.
DONORS: Final = {
    "nl": (("Sanne", "Jan", "Lotte", "Bram", "Fleur", "Daan"), ("Voorbeeld", "Testman")),
    "fr": (("Camille", "Louis", "Chloé", "Hugo", "Élise", "Marc"), ("Exemple", "Modèle")),
    "sv": (("Astrid", "Nils", "Maja", "Erik", "Elsa", "Karin"), ("Exempelström", "Provgren")),
    "ru": (("Ольга", "Иван", "Зоя", "Пётр", "Нина", "Юрий"), ("Пример", "Образец")),
    "en": (("Alex", "Robin", "Sam", "Jamie", "Kim", "Charlie"), ("Sample", "Placeholder")),
}
COMPANIES: Final = {
    "nl": "Voorbeeld B.V.",
    "fr": "Bal d’exemple A.S.B.L.",
    "sv": "Exempelbolaget AB",
    "ru": "ООО «Пример»",
    "en": "Sample Company Ltd",
}
FUND_TITLES: Final = {
    "families": {
        "nl": "Een gezin een week begeleiden",
        "sv": "En familjs stöd i en vecka",
        "fr": "Accompagner une famille pendant une semaine",
        "ru": "Неделя сопровождения семьи",
        "en": "Accompany one family for a week",
    },
    "house": {
        "nl": "Een veilige plek om te slapen",
        "sv": "En trygg plats att sova på",
        "fr": "Un lieu sûr où dormir",
        "ru": "Безопасный ночлег",
        "en": "A safe place to sleep",
    },
    "warm-coats": {
        "nl": "Warme jassen voor de winter",
        "sv": "Varma jackor till vintern",
        "fr": "Des manteaux chauds pour l’hiver",
        "ru": "Тёплые куртки на зиму",
        "en": "Warm coats for the winter",
    },
}
FUND_PURPOSES: Final = {
    "families": {
        "nl": "Met € 15 begeleiden we één gezin een week lang, thuis of bij ons.",
        "sv": "15 euro räcker till en familjs stöd i en vecka, hemma eller hos oss.",
        "fr": "15 € permettent d’accompagner une famille une semaine, chez elle ou chez nous.",
        "ru": "15 евро – это неделя сопровождения одной семьи, дома или у нас.",
        "en": "EUR 15 lets us accompany one family for a week, at home or with us.",
    },
    "house": {
        "nl": "Bedden, warmte en eten voor moeders en kinderen die nergens anders heen kunnen.",
        "sv": "Sängar, värme och mat för mödrar och barn som inte har någon annanstans att gå.",
        "fr": "Des lits, de la chaleur et des repas pour les mères et les enfants sans autre abri.",
        "ru": "Кровати, тепло и еда для мам с детьми, которым больше некуда пойти.",
        "en": "Beds, warmth and food for mothers and children who have nowhere else to go.",
    },
    "warm-coats": {
        "nl": "Een jas, laarzen en een muts voor elk kind dat ze nodig heeft.",
        "sv": "En jacka, stövlar och en mössa till varje barn som behöver dem.",
        "fr": "Un manteau, des bottes et un bonnet pour chaque enfant qui en a besoin.",
        "ru": "Куртка, сапоги и шапка каждому ребёнку, которому они нужны.",
        "en": "A coat, boots and a hat for every child who needs them.",
    },
}
