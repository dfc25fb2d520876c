package v1

// IgnoreRule says which fields of which objects are left to others. What isn't named
// matches any.
type IgnoreRule struct {
	// The API group; "" or missing matches any, "core" the core group.
	// +optional
	Group string `json:"group,omitempty"`
	// +optional
	Kind string `json:"kind,omitempty"`
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// +optional
	Name string `json:"name,omitempty"`
	// Paths of fields, such as spec.replicas, metadata.annotations["a.example/b"],
	// spec.template.spec.containers[name=web].image, or JSON pointers that begin with a slash.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	Fields []string `json:"fields"`
}

// HealthCheckExpr judges the objects of one kind by CEL expressions over the object's
// fields, as Flux's field of that name does: metadata, spec, status and so on are
// variables, and self is the whole object.
type HealthCheckExpr struct {
	// The API version, such as cert-manager.io/v1.
	// +kubebuilder:validation:MinLength=1
	APIVersion string `json:"apiVersion"`
	// +kubebuilder:validation:MinLength=1
	Kind string `json:"kind"`
	// True where the object is as it should be.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Current string `json:"current"`
	// True where the object is on its way, even if current is true too.
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	InProgress string `json:"inProgress,omitempty"`
	// True where it won't get there as it is.
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	Failed string `json:"failed,omitempty"`
}
