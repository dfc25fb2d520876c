package v1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SyncStatus is what the reconciler found and did.
type SyncStatus struct {
	// The generation of the spec that the conditions speak of.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// Ready, Healthy, and, while they hold, Reconciling, Stalled and Suspended.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// The revision that was tried last, BRANCH@sha1:HASH, TAG@sha1:HASH or sha1:HASH.
	// +optional
	LastAttemptedRevision string `json:"lastAttemptedRevision,omitempty"`
	// The revision that was last applied whole, BRANCH@sha1:HASH, TAG@sha1:HASH or sha1:HASH.
	// +optional
	LastAppliedRevision string `json:"lastAppliedRevision,omitempty"`
	// A sum of all that the last applied revision rendered, but for the values of Secrets.
	// Where it stays the same no hook runs, whatever the revision.
	// +optional
	LastAppliedDigest string `json:"lastAppliedDigest,omitempty"`
	// The value of the annotation reconcile.towline.dev/requestedAt that was last acted on.
	// +optional
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`
	// What became of the last 20 revisions, newest first.
	// +kubebuilder:validation:MaxItems=20
	// +listType=atomic
	// +optional
	History []HistoryEntry `json:"history,omitempty"`
	// How many objects of each kind this Sync owns. The full list stands in
	// ConfigMaps beside the Sync.
	// +listType=atomic
	// +optional
	Inventory []InventoryCount `json:"inventory,omitempty"`
}

// Result is how an attempt at a revision ended.
// +kubebuilder:validation:Enum=Succeeded;Failed;Progressing
type Result string

// The results of an attempt.
const (
	ResultSucceeded   Result = "Succeeded"   // applied whole, and healthy
	ResultFailed      Result = "Failed"      // not applied whole, or not healthy in time
	ResultProgressing Result = "Progressing" // applied, health still being waited for
)

// HistoryEntry tells what became of one revision.
type HistoryEntry struct {
	Revision string `json:"revision"`
	// When the result was reached.
	Time   metav1.Time `json:"time"`
	Result Result      `json:"result"`
	// +optional
	Message string `json:"message,omitempty"`
}

// InventoryCount is the number of owned objects of one kind.
type InventoryCount struct {
	// GROUP/KIND, or KIND alone for the core group.
	Kind  string `json:"kind"`
	Count int32  `json:"count"`
}

// MaxHistory bounds SyncStatus.History.
const MaxHistory = 20

// Types of conditions. Reconciling, Stalled and Suspended are there only while
// they are true, as kstatus expects it.
const (
	ConditionReady       = "Ready"       // the last revision is applied whole and healthy
	ConditionHealthy     = "Healthy"     // the applied objects are healthy
	ConditionReconciling = "Reconciling" // something is being done, or tried again
	ConditionStalled     = "Stalled"     // trying again can't help; a person must change something
	ConditionSuspended   = "Suspended"   // spec.suspend is true
)

// Reasons of conditions and events. Where Flux has a name for the same thing it
// is used, so that dashboards and alerts carry over.
const (
	ReasonSucceeded          = "ReconciliationSucceeded"
	ReasonFailed             = "ReconciliationFailed"
	ReasonProgressing        = "Progressing"
	ReasonProgressingRetry   = "ProgressingWithRetry"
	ReasonGitFailed          = "GitOperationFailed"
	ReasonAuthentication     = "AuthenticationFailed"
	ReasonVerificationFailed = "VerificationFailed"
	ReasonBuildFailed        = "BuildFailed"
	ReasonEmptyRender        = "EmptyRender"
	ReasonInvalidSpec        = "InvalidSpec" // a rule of the spec can't be understood
	ReasonInputFailed        = "InputFailed" // a ConfigMap or Secret that the build needs can't be read
	ReasonHookFailed         = "HookFailed"
	ReasonHistoryRewritten   = "HistoryRewritten"
	ReasonInventoryFailed    = "InventoryFailed"
	ReasonPruneFailed        = "PruneFailed"
	ReasonPruned             = "Pruned"
	ReasonAbandoned          = "Abandoned"
	ReasonBudgetExceeded     = "DeletionBudgetExceeded"
	ReasonHealthy            = "HealthCheckSucceeded"
	ReasonHealthProgressing  = "HealthCheckProgressing"
	ReasonHealthFailed       = "HealthCheckFailed"
	ReasonDependencyNotReady = "DependencyNotReady"
	ReasonDependencyCycle    = "DependencyCycle"
	ReasonImpersonation      = "ServiceAccountRequired"
	ReasonSuspended          = "Suspended"
	ReasonDriftHealed        = "DriftHealed"
	ReasonDriftFight         = "DriftFight"
	ReasonFieldsTaken        = "FieldsTaken"     // an apply took fields from others, who had given them other values
	ReasonDeletionPending    = "DeletionPending" // something was deleted, and finalizers hold it
	ReasonAutoscaled         = "Autoscaled"      // an autoscaler took over a number of replicas, which is left to it
)

// Annotations that people and tools put on a Sync, and the finalizer that the
// reconciler puts there.
const (
	// AnnotationRequestedAt asks for a reconciliation at once; any new value does.
	AnnotationRequestedAt = "reconcile.towline.dev/requestedAt"
	// AnnotationConsent allows the deletions whose key is its value; the
	// conditions DeletionBudgetExceeded and HistoryRewritten name the key.
	AnnotationConsent = "towline.dev/prune-consent"
	// AnnotationAbandon lets a deleted Sync go, with the value "true", whatever became
	// of its objects: they are left as they are.
	AnnotationAbandon = "towline.dev/abandon"
	// Finalizer keeps a deleted Sync until what it owns is deleted or let go.
	Finalizer = "towline.dev/sync"
)
