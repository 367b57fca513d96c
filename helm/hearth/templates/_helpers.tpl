{{/* Names, labels and the one pod that every workload is made of. */}}

{{- define "hearth.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Selects every pod of this release, of whatever component. */}}
{{- define "hearth.releaseSelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Selects the pods of one component. Takes (dict "root" $ "component" "web"). */}}
{{- define "hearth.selector" -}}
{{ include "hearth.releaseSelector" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "hearth.labels" -}}
{{ include "hearth.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | quote }}
{{- end -}}

{{- define "hearth.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* The host that probes and the test pod name: the federation's own, which always exists. */}}
{{- define "hearth.federationHost" -}}
federation.{{ .Values.domain }}
{{- end -}}

{{/*
One pod. Takes root, component, args and resources, and optionally: container (its name, where the
component's would not do), command, ports, probes, preStopSeconds, grace, restartPolicy, spread,
serviceAccount, smtp, owner and backups (which secrets it gets; backups are mounted as well), extraEnv (a dict), inlineSettings (for jobs that
run before the ConfigMap exists) and bare (no settings at all).
*/}}
{{- define "hearth.podSpec" -}}
{{- $root := .root -}}
serviceAccountName: {{ .serviceAccount | default (include "hearth.fullname" $root) }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .restartPolicy }}
restartPolicy: {{ . }}
{{- end }}
{{- with .grace }}
terminationGracePeriodSeconds: {{ . }}
{{- end }}
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .spread }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "hearth.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
containers:
  - name: {{ .container | default .component }}
    image: {{ include "hearth.image" $root | quote }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    {{- with .command }}
    command:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    args:
      {{- toYaml .args | nindent 6 }}
    {{- if not .bare }}
    {{- if not .inlineSettings }}
    envFrom:
      - configMapRef:
          name: {{ include "hearth.fullname" $root }}
    {{- end }}
    env:
      {{- if .inlineSettings }}
      {{- range $name, $value := (include "hearth.settings" $root | fromYaml) }}
      - name: {{ $name }}
        value: {{ $value | quote }}
      {{- end }}
      {{- end }}
      {{- range $name, $value := .extraEnv }}
      - name: {{ $name }}
        value: {{ $value | quote }}
      {{- end }}
      {{- include "hearth.secretEnv" . | trim | nindent 6 }}
    {{- end }}
    {{- with .ports }}
    ports:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .probes }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .preStopSeconds }}
    lifecycle:
      preStop:
        sleep:
          seconds: {{ . }}
    {{- end }}
    securityContext:
      allowPrivilegeEscalation: false
      privileged: false
      readOnlyRootFilesystem: true
      runAsNonRoot: true
      capabilities:
        drop: ["ALL"]
    resources:
      {{- toYaml .resources | nindent 6 }}
    volumeMounts:
      - name: tmp
        mountPath: /tmp
      {{- if .backups }}
      - name: backups
        mountPath: /var/lib/hearth/backups
      {{- end }}
      {{- if and $root.Values.audit.anchorsClaim (has .component (list "worker-statistics" "maintenance")) }}
      - name: anchors
        mountPath: /var/lib/hearth/anchors
      {{- end }}
      {{- if $root.Values.caBundle.existingSecret }}
      - name: ca
        mountPath: /etc/hearth/ca
        readOnly: true
      {{- end }}
volumes:
  - name: tmp
    emptyDir:
      sizeLimit: {{ $root.Values.tmpSizeLimit }}
  {{- if .backups }}
  - name: backups
    persistentVolumeClaim:
      claimName: {{ $root.Values.backups.claim | quote }}
  {{- end }}
  {{- if and $root.Values.audit.anchorsClaim (has .component (list "worker-statistics" "maintenance")) }}
  - name: anchors
    persistentVolumeClaim:
      claimName: {{ $root.Values.audit.anchorsClaim | quote }}
  {{- end }}
  {{- if $root.Values.caBundle.existingSecret }}
  - name: ca
    secret:
      secretName: {{ $root.Values.caBundle.existingSecret | quote }}
      items:
        - key: {{ $root.Values.caBundle.key | quote }}
          path: ca.crt
  {{- end }}
{{- end -}}

{{/* Annotations that roll the pods when their settings or the Secret behind them change. */}}
{{- define "hearth.podAnnotations" -}}
checksum/settings: {{ include "hearth.settings" . | sha256sum }}
{{- with .Values.secretRevision }}
hearth/secret-revision: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* How the environment calls an endpoint. Takes its kind and its name. */}}
{{- define "hearth.endpoint" -}}
HEARTH_{{ index . 0 }}_{{ index . 1 | upper | replace "-" "_" }}
{{- end -}}

{{/* Settings that are no secret, as YAML; the names are those that the service reads. */}}
{{- define "hearth.settings" -}}
DATABASE_URL: {{ .Values.database.url | quote }}
HEARTH_BACKUPS: {{ .Values.backups.enabled | ternary "/var/lib/hearth/backups" "" | quote }}
HEARTH_BACKUPS_COUNTRY: {{ .Values.backups.country | quote }}
HEARTH_BACKUP_DAYS: {{ .Values.backups.days | quote }}
HEARTH_AUDIT_ANCHOR_MAIL: {{ .Values.audit.anchorMail | quote }}
HEARTH_AUDIT_ANCHORS: {{ ternary "/var/lib/hearth/anchors" "" (ne .Values.audit.anchorsClaim "") | quote }}
HEARTH_AUDIT_FORMER_KEYS: {{ .Values.audit.formerKeys | quote }}
HEARTH_BASE_DOMAIN: {{ .Values.domain | quote }}
HEARTH_COUNTRY: {{ .Values.country | quote }}
{{- range .Values.placements }}
{{ include "hearth.endpoint" (list "PLACEMENT" .name) }}_COUNTRY: {{ .country | quote }}
{{ include "hearth.endpoint" (list "PLACEMENT" .name) }}_URL: {{ .url | quote }}
{{- end }}
{{- range .Values.relays }}
{{ include "hearth.endpoint" (list "RELAY" .name) }}_COUNTRY: {{ .country | quote }}
{{- end }}
{{- range .Values.errorTrackers }}
{{ include "hearth.endpoint" (list "ERRORS" .name) }}_COUNTRY: {{ .country | quote }}
{{- end }}
HEARTH_FORWARDED_HOPS: {{ .Values.forwardedHops | quote }}
HEARTH_KEYS_DATABASE_URL: {{ .Values.keys.url | quote }}
{{- range .Values.keys.services }}
HEARTH_KMS_{{ .reference }}_ADDRESS: {{ .address | quote }}
{{- end }}
HEARTH_LABEL: {{ .Values.label | quote }}
HEARTH_MAIL_FROM: {{ .Values.smtp.from | quote }}
HEARTH_POOLED_CONNECTIONS: {{ ternary "yes" "no" .Values.database.pooled | quote }}
HEARTH_PUBLIC_PORT: {{ (eq (int .Values.publicPort) 443) | ternary "" (toString .Values.publicPort) | quote }}
HEARTH_RATE_LIMITS: {{ ternary "yes" "no" .Values.rateLimits | quote }}
HEARTH_ROLE_CONNECTIONS: {{ .Values.database.connectionsPerRole | quote }}
HEARTH_ROLE_PREFIX: {{ .Values.database.rolePrefix | quote }}
HEARTH_SCANNER: {{ .Values.uploads.scanner | quote }}
HEARTH_SCHEME: "https"
HEARTH_SMTP_COUNTRY: {{ .Values.smtp.country | quote }}
HEARTH_SECURITY_CONTACT: {{ .Values.securityContact | quote }}
HEARTH_SMTP_HOST: {{ .Values.smtp.host | quote }}
HEARTH_SMTP_PORT: {{ .Values.smtp.port | quote }}
HEARTH_SMTP_TLS: {{ ternary "yes" "no" .Values.smtp.tls | quote }}
HEARTH_SMTP_USER: {{ .Values.smtp.user | quote }}
HEARTH_STYLEGUIDE: {{ ternary "yes" "no" .Values.styleguide | quote }}
SENTRY_COUNTRY: {{ .Values.errorTracker.country | quote }}
STRIPE_API_BASE: {{ .Values.payments.apiBase | quote }}
{{- if .Values.caBundle.existingSecret }}
PGSSLROOTCERT: "/etc/hearth/ca/ca.crt"
{{- end }}
{{- end -}}

{{/*
The settings that come from Secrets, each by reference. Everyone gets what the service refuses to
start without; the mail password goes to the queue that sends mail, the owner's address to the jobs
that change schemas, that of the keys to migrations and commands by hand, the backups' secret to the
jobs that make them. Takes root, component, smtp, owner and backups (bools).
*/}}
{{- define "hearth.secretEnv" -}}
{{- $values := .root.Values -}}
{{- $keys := $values.secretKeys -}}
{{- range $name, $key := dict "HEARTH_SECRET_KEY" $keys.secretKey "HEARTH_DATABASE_SECRET" $keys.databaseSecret "HEARTH_KEYS_SECRET" $keys.keysSecret "REDIS_URL" $keys.redisUrl "STRIPE_API_KEY" $keys.stripeApiKey "STRIPE_WEBHOOK_SECRETS" $keys.stripeWebhookSecrets }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $values.existingSecret | quote }}
      key: {{ $key | quote }}
{{- end }}
{{- range $values.keys.services }}
- name: HEARTH_KMS_{{ .reference }}_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ $values.existingSecret | quote }}
      key: {{ .tokenKey | quote }}
{{- end }}
{{- if $values.errorTracker.enabled }}
- name: SENTRY_DSN
  valueFrom:
    secretKeyRef:
      name: {{ $values.existingSecret | quote }}
      key: {{ $keys.sentryDsn | quote }}
{{- end }}
{{- if $values.audit.ownSigningKey }}
- name: HEARTH_AUDIT_SIGNING_KEY
  valueFrom:
    secretKeyRef:
      name: {{ $values.existingSecret | quote }}
      key: {{ $keys.auditSigningKey | quote }}
{{- end }}
{{- if and .smtp $values.smtp.user }}
- name: HEARTH_SMTP_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $values.existingSecret | quote }}
      key: {{ $keys.smtpPassword | quote }}
{{- end }}
{{- if .smtp }}
{{- range $values.relays }}
- name: {{ include "hearth.endpoint" (list "RELAY" .name) }}_URL
  valueFrom:
    secretKeyRef:
      name: {{ $values.existingSecret | quote }}
      key: {{ .urlKey | quote }}
{{- end }}
{{- end }}
{{- range $values.errorTrackers }}
- name: {{ include "hearth.endpoint" (list "ERRORS" .name) }}_URL
  valueFrom:
    secretKeyRef:
      name: {{ $values.existingSecret | quote }}
      key: {{ .urlKey | quote }}
{{- end }}
{{- if .backups }}
- name: HEARTH_BACKUP_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ $values.existingSecret | quote }}
      key: {{ $keys.backupSecret | quote }}
{{- end }}
{{- if .owner }}
- name: HEARTH_OWNER_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ $values.migration.existingSecret | default $values.existingSecret | quote }}
      key: {{ $keys.ownerDatabaseUrl | quote }}
{{- range $values.placements }}
- name: {{ include "hearth.endpoint" (list "PLACEMENT" .name) }}_OWNER_URL
  valueFrom:
    secretKeyRef:
      name: {{ $values.migration.existingSecret | default $values.existingSecret | quote }}
      key: {{ .ownerUrlKey | quote }}
{{- end }}
{{- end }}
{{- if and .owner (has .component (list "migrate" "maintenance")) }}
- name: HEARTH_KEYS_OWNER_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ $values.migration.existingSecret | default $values.existingSecret | quote }}
      key: {{ $keys.keysOwnerDatabaseUrl | quote }}
{{- end }}
{{- end -}}

{{/* A probe that asks a path over HTTP, under a host the service knows. Takes root and path. */}}
{{- define "hearth.httpGet" -}}
httpGet:
  path: {{ .path }}
  port: http
  httpHeaders:
    - name: Host
      value: {{ include "hearth.federationHost" .root }}
{{- end -}}

{{/* Startup and liveness of a process without a port: is its heartbeat file fresh? Takes args. */}}
{{- define "hearth.heartbeatProbes" -}}
startupProbe:
  exec:
    command: {{ .command | toJson }}
  initialDelaySeconds: 5
  periodSeconds: 15
  timeoutSeconds: 30
  failureThreshold: 12
livenessProbe:
  exec:
    command: {{ .command | toJson }}
  periodSeconds: 60
  timeoutSeconds: 30
  failureThreshold: 3
{{- end -}}

{{/* The body of every job that may change schemas. Takes root, component, args, serviceAccount. */}}
{{- define "hearth.ownerJobSpec" -}}
backoffLimit: {{ .root.Values.migration.backoffLimit }}
activeDeadlineSeconds: {{ .root.Values.migration.activeDeadlineSeconds }}
ttlSecondsAfterFinished: 604800
template:
  metadata:
    labels:
      {{- include "hearth.labels" . | nindent 6 }}
  spec:
    {{- include "hearth.podSpec" (merge (dict "restartPolicy" "Never" "inlineSettings" true "owner" true "resources" .root.Values.migration.resources) .) | nindent 4 }}
{{- end -}}
