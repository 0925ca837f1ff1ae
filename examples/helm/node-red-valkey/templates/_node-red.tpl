{{/* The pod of an instance; called with (dict "root" $ "part" "admin" or "worker"). */}}
{{- define "node-red-valkey.pod" -}}
{{- $root := .root -}}
{{- $values := index $root.Values .part -}}
{{- $secret := include "node-red-valkey.secretName" $root -}}
# Nothing here asks the API server; and a Service named `redis` would set REDIS_PORT=tcp://….
automountServiceAccountToken: false
enableServiceLinks: false
# A worker: 5 s until nobody sends requests here any more; and 15 s for Node-RED to stop its flows.
terminationGracePeriodSeconds: 45
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  fsGroup: 1000
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
containers:
  - name: node-red
    image: {{ include "node-red-valkey.image" . | quote }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    args: ["--settings", "/usr/src/node-red/settings/{{ .part }}.js"]
    envFrom:
      - configMapRef:
          name: {{ include "node-red-valkey.name" $root }}
    env:
      - name: REDIS_USERNAME
        value: {{ index $root.Values.server (printf "%sUsername" .part) | quote }}
      - name: REDIS_PASSWORD
        valueFrom:
          secretKeyRef:
            name: {{ $secret }}
            key: {{ .part }}-password
      {{- if eq .part "admin" }}
      # Without it anybody who reaches the port may use the editor.
      - name: ADMIN_PASSWORD_HASH
        valueFrom:
          secretKeyRef:
            name: {{ $secret }}
            key: admin-password-hash
      {{- end }}
      - name: CREDENTIAL_SECRET
        valueFrom:
          secretKeyRef:
            name: {{ $secret }}
            key: credential-secret
      - name: REDIS_STATE_USERNAME
        value: {{ $root.Values.server.stateUsername | quote }}
      - name: REDIS_STATE_PASSWORD
        valueFrom:
          secretKeyRef:
            name: {{ $secret }}
            key: state-password
    ports:
      - name: http
        containerPort: 1880
      - name: health
        containerPort: 9080
    # A start may restore the disk, and install packages, for up to two minutes.
    startupProbe:
      httpGet:
        path: /health/live
        port: health
      periodSeconds: 2
      failureThreshold: 90
    livenessProbe:
      httpGet:
        path: /health/live
        port: health
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 6
    readinessProbe:
      httpGet:
        path: /health/ready
        port: health
      periodSeconds: 5
      timeoutSeconds: 3
    {{- if eq .part "worker" }}
    lifecycle:
      preStop:
        exec:
          command: ["sleep", "5"]
    {{- end }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities:
        drop: ["ALL"]
    resources:
      {{- toYaml $values.resources | nindent 6 }}
    volumeMounts:
      - name: data
        mountPath: /data
      - name: tmp
        mountPath: /tmp
volumes:
  # Also npm's cache.
  - name: tmp
    emptyDir: {}
  {{- if eq .part "worker" }}
  # Packages and the last good copy survive a restart of the container, not the pod.
  - name: data
    emptyDir: {}
  {{- end }}
{{- end }}

{{/* A new configuration makes new pods. */}}
{{- define "node-red-valkey.checksum" -}}
checksum/config: {{ include (print $.Template.BasePath "/config.yaml") . | sha256sum }}
{{- end }}
