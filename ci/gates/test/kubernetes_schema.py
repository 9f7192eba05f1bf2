"""The part of Kubernetes' API that a Job, a ConfigMap and their pods use, compactly: a mapping's keys to what they hold.

A key with * is required. What a key holds is a type's name, a set of words, [item] for a list, {} for any mapping of
strings, or the name of another mapping. Names and types are those of the API reference of Kubernetes 1.31.
"""

QUANTITY = r"^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"

KINDS = {("v1", "ConfigMap"): "ConfigMap", ("batch/v1", "Job"): "Job"}

SCHEMA = {
    "ConfigMap": {"apiVersion*": "string", "kind*": "string", "metadata*": "Metadata", "data": {}, "binaryData": {},
                  "immutable": "boolean"},
    "Job": {"apiVersion*": "string", "kind*": "string", "metadata*": "Metadata", "spec*": "JobSpec"},
    "Metadata": {"name*": "name", "namespace": "name", "labels": {}, "annotations": {}},
    "TemplateMetadata": {"labels": {}, "annotations": {}},
    "JobSpec": {"template*": "Template", "backoffLimit": "integer", "activeDeadlineSeconds": "integer",
                "ttlSecondsAfterFinished": "integer", "completions": "integer", "parallelism": "integer",
                "completionMode": {"Indexed", "NonIndexed"}, "suspend": "boolean", "podFailurePolicy": "FailurePolicy",
                "podReplacementPolicy": {"Failed", "TerminatingOrFailed"}},
    "FailurePolicy": {"rules*": ["FailureRule"]},
    "FailureRule": {"action*": {"FailJob", "FailIndex", "Ignore", "Count"}, "onExitCodes": "ExitCodes",
                    "onPodConditions": ["PodCondition"]},
    "ExitCodes": {"containerName": "name", "operator*": {"In", "NotIn"}, "values*": ["integer"]},
    "PodCondition": {"type*": "string", "status*": {"True", "False", "Unknown"}},
    "Template": {"metadata": "TemplateMetadata", "spec*": "Pod"},
    "Pod": {"restartPolicy*": {"Never", "OnFailure"}, "automountServiceAccountToken": "boolean",
            "enableServiceLinks": "boolean", "serviceAccountName": "name", "securityContext": "PodSecurity",
            "containers*": ["Container"], "initContainers": ["Container"], "volumes": ["Volume"], "nodeSelector": {},
            "imagePullSecrets": ["Reference"], "terminationGracePeriodSeconds": "integer", "priorityClassName": "name"},
    "PodSecurity": {"runAsNonRoot": "boolean", "runAsUser": "integer", "runAsGroup": "integer", "fsGroup": "integer",
                    "fsGroupChangePolicy": {"Always", "OnRootMismatch"}, "seccompProfile": "Seccomp",
                    "supplementalGroups": ["integer"]},
    "Seccomp": {"type*": {"RuntimeDefault", "Localhost", "Unconfined"}, "localhostProfile": "string"},
    "Container": {"name*": "name", "image*": "string", "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
                  "command": ["string"], "args": ["string"], "env": ["Env"], "workingDir": "path",
                  "terminationMessagePath": "path", "terminationMessagePolicy": {"File", "FallbackToLogsOnError"},
                  "resources": "Resources", "securityContext": "ContainerSecurity", "volumeMounts": ["Mount"]},
    "Env": {"name*": "string", "value": "string"},
    "Resources": {"requests": "Quantities", "limits": "Quantities"},
    "Quantities": {"cpu": "quantity", "memory": "quantity", "ephemeral-storage": "quantity"},
    "ContainerSecurity": {"allowPrivilegeEscalation": "boolean", "readOnlyRootFilesystem": "boolean",
                          "capabilities": "Capabilities", "runAsNonRoot": "boolean", "runAsUser": "integer",
                          "privileged": "boolean", "seccompProfile": "Seccomp"},
    "Capabilities": {"add": ["string"], "drop": ["string"]},
    "Mount": {"name*": "name", "mountPath*": "path", "readOnly": "boolean", "subPath": "string"},
    "Volume": {"name*": "name", "configMap": "ConfigMapVolume", "emptyDir": "EmptyDir",
               "persistentVolumeClaim": "Claim"},
    "ConfigMapVolume": {"name*": "name", "items": ["Item"], "defaultMode": "integer", "optional": "boolean"},
    "Item": {"key*": "string", "path*": "string"},
    "EmptyDir": {"medium": {"", "Memory"}, "sizeLimit": "quantity"},
    "Claim": {"claimName*": "name", "readOnly": "boolean"},
    "Reference": {"name*": "name"},
}
