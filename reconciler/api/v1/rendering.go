package v1

import apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

// Helm says how a chart is rendered.
type Helm struct {
	// The name of the release; the Sync's by default.
	// +kubebuilder:validation:MaxLength=53
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	ReleaseName string `json:"releaseName,omitempty"`
	// Files of values, relative to the chart's folder; later ones win. They must stand in
	// the same repository.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	ValuesFiles []string `json:"valuesFiles,omitempty"`
	// Values that win over all files.
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Type=object
	// +optional
	Values *apiextensionsv1.JSON `json:"values,omitempty"`
	// Leaves out what stands in the chart's crds folder.
	// +optional
	SkipCRDs bool `json:"skipCRDs,omitempty"`
}

// Substitute names the variables that are put in for ${NAME}.
type Substitute struct {
	// Variables by name; they win over those of from.
	// +kubebuilder:validation:MaxProperties=256
	// +optional
	Variables map[string]string `json:"variables,omitempty"`
	// ConfigMaps and Secrets of the Sync's namespace whose keys are names of variables;
	// later ones win.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	From []SubstituteReference `json:"from,omitempty"`
}

// SubstituteReference names a ConfigMap or a Secret of the Sync's own namespace.
type SubstituteReference struct {
	// +kubebuilder:validation:Enum=ConfigMap;Secret
	Kind string `json:"kind"`
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// Whether it may be missing.
	// +optional
	Optional bool `json:"optional,omitempty"`
}

// Decryption says with what SOPS files are opened.
type Decryption struct {
	// A Secret of the Sync's namespace: values of keys that end in .agekey are age
	// identities, of those that end in .asc armoured OpenPGP private keys.
	SecretRef SecretReference `json:"secretRef"`
}
