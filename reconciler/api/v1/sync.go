package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Sync says which path of which Git repository the cluster must equal.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:metadata:labels="applyset.kubernetes.io/is-parent-type=true"
// +kubebuilder:resource:shortName=tsync,categories={towline}
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Revision",type=string,JSONPath=`.status.lastAppliedRevision`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Suspended",type=boolean,JSONPath=`.spec.suspend`,priority=1
// +kubebuilder:printcolumn:name="Path",type=string,JSONPath=`.spec.source.path`,priority=1
// +kubebuilder:validation:XValidation:rule="!has(self.spec.dependsOn) || self.spec.dependsOn.all(d, d.name != self.metadata.name)",message="a Sync can't depend on itself"
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="the name of a Sync is at most 63 characters, because it stands in labels"
type Sync struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// What is wanted.
	Spec SyncSpec `json:"spec"`
	// What was found; written by the reconciler only.
	// +optional
	Status SyncStatus `json:"status,omitempty"`
}

// SyncList is a list of Syncs, as the API server gives it.
//
// +kubebuilder:object:root=true
type SyncList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Sync `json:"items"`
}

// SyncSpec is what a person asks for.
type SyncSpec struct {
	// Where the manifests stand.
	Source Source `json:"source"`
	// How often the repository is asked whether what is followed has moved, between 1s
	// and 24h. A webhook makes it instant. Some jitter is added, and of several Syncs of
	// one repository the shortest interval holds.
	// +kubebuilder:default="30s"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="interval must be between 1s and 24h"
	// +optional
	Interval metav1.Duration `json:"interval,omitempty"`
	// Whether objects that left the repository are deleted from the cluster, and
	// whether deleting the Sync deletes its objects.
	// +optional
	Prune bool `json:"prune,omitempty"`
	// How much one revision may delete without a person's consent. Namespaces,
	// CustomResourceDefinitions and PersistentVolumeClaims always wait for it.
	// +kubebuilder:default={objects: 20}
	// +optional
	DeletionBudget DeletionBudget `json:"deletionBudget,omitzero"`
	// Syncs of the same namespace that must be ready before this one is applied.
	// +kubebuilder:validation:MaxItems=32
	// +listType=map
	// +listMapKey=name
	// +optional
	DependsOn []Dependency `json:"dependsOn,omitempty"`
	// How long the applied objects may take to become healthy, between 1s and 24h.
	// The same bound holds for one attempt to apply.
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('24h')",message="timeout must be between 1s and 24h"
	// +optional
	Timeout metav1.Duration `json:"timeout,omitempty"`
	// Where objects go that need a namespace and name none, and the namespace of a Helm
	// release; the Sync's own by default.
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	// +optional
	TargetNamespace string `json:"targetNamespace,omitempty"`
	// What to do with a chart, where the path holds one.
	// +optional
	Helm *Helm `json:"helm,omitempty"`
	// Variables to put in for ${NAME} in what was built. Where this is given, a name that
	// has no value is an error.
	// +optional
	Substitute *Substitute `json:"substitute,omitempty"`
	// The keys that open what SOPS has encrypted.
	// +optional
	Decryption *Decryption `json:"decryption,omitempty"`
	// Fields that are left to others: they are neither applied nor healed.
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Ignore []IgnoreRule `json:"ignore,omitempty"`
	// Whether an object whose immutable field must change is deleted and made again. The
	// annotation towline.dev/force: enabled or disabled on an object decides for it.
	// +optional
	Force bool `json:"force,omitempty"`
	// What becomes of the objects when the Sync is deleted: delete or orphan. By default
	// they are deleted where prune is true, and else left.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
	// How to tell the health of custom resources that kstatus can't judge.
	// +kubebuilder:validation:MaxItems=32
	// +listType=atomic
	// +optional
	HealthCheckExprs []HealthCheckExpr `json:"healthCheckExprs,omitempty"`
	// The ServiceAccount of the Sync's namespace that everything is applied and
	// deleted as. Required unless the reconciler runs with its own rights allowed.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	// +optional
	ServiceAccountName string `json:"serviceAccountName,omitempty"`
	// Stops everything for this Sync, healing of drift included, until it is false again.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// DeletionBudget bounds what one revision deletes unasked. What goes beyond it
// is held back, named in the condition, and deleted once the Sync carries the
// annotation that the condition's message spells out.
type DeletionBudget struct {
	// The most objects; 20 by default.
	// +kubebuilder:default=20
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +optional
	Objects *int32 `json:"objects,omitempty"`
	// The largest share of the Sync's objects, in per cent; no bound by default.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	// +optional
	Percent *int32 `json:"percent,omitempty"`
}

// Dependency names another Sync of the same namespace.
type Dependency struct {
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
}

// DefaultObjects is the default of DeletionBudget.Objects.
const DefaultObjects = 20

// DeletionPolicy says what becomes of the objects of a deleted Sync.
// +kubebuilder:validation:Enum=delete;orphan
type DeletionPolicy string

// The deletion policies.
const (
	DeletionDelete DeletionPolicy = "delete"
	DeletionOrphan DeletionPolicy = "orphan"
)
