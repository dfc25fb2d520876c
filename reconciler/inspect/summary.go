package inspect

import (
	"cmp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
)

// Summary is how one Sync stands, in one line of a table.
type Summary struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Ready is True, False or Unknown, as the condition has it.
	Ready   string `json:"ready"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Revision was applied last, Attempted was tried last: BRANCH@sha1:HASH; "" for none.
	Revision  string `json:"revision"`
	Attempted string `json:"attempted"`
	// Since is when Ready became what it is; Created when the Sync was made.
	Since       *time.Time `json:"since"`
	Created     time.Time  `json:"created"`
	Suspended   bool       `json:"suspended"`
	Reconciling bool       `json:"reconciling"`
	Stalled     bool       `json:"stalled"`
	// Current is false while what is said here is of an earlier spec.
	Current bool   `json:"current"`
	Source  Source `json:"source"`
	// Objects is how many objects the Sync owns.
	Objects int `json:"objects"`
	// LastAttempt is the newest entry of the history; null before the first.
	LastAttempt *Attempt `json:"lastAttempt"`
	// ManagedBy is the label of the set that the Sync itself belongs to; "" for none.
	ManagedBy string `json:"managedBy,omitempty"`
}

// Source says where a Sync's manifests stand.
type Source struct {
	URL string `json:"url"`
	// Ref is "branch main", "tag v1", "semver >=1.0.0" or "commit HASH".
	Ref  string `json:"ref"`
	Path string `json:"path"`
}

// Attempt is one entry of the history.
type Attempt struct {
	Revision string    `json:"revision"`
	Time     time.Time `json:"time"`
	Result   string    `json:"result"` // Succeeded, Failed or Progressing
	Message  string    `json:"message"`
}

// Summarise tells how a Sync stands.
func Summarise(sync *v1.Sync) Summary {
	s := Summary{
		Namespace: sync.Namespace, Name: sync.Name, Ready: string(metav1.ConditionUnknown), Created: sync.CreationTimestamp.UTC(),
		Revision: sync.Status.LastAppliedRevision, Attempted: sync.Status.LastAttemptedRevision,
		Suspended:   sync.Spec.Suspend,
		Reconciling: meta.IsStatusConditionTrue(sync.Status.Conditions, v1.ConditionReconciling),
		Stalled:     meta.IsStatusConditionTrue(sync.Status.Conditions, v1.ConditionStalled),
		Current:     sync.Status.ObservedGeneration == sync.Generation,
		Source:      SourceOf(sync), ManagedBy: sync.Labels[apply.PartOfLabel],
	}
	if ready := meta.FindStatusCondition(sync.Status.Conditions, v1.ConditionReady); ready != nil {
		since := ready.LastTransitionTime.UTC()
		s.Ready, s.Reason, s.Message, s.Since = string(ready.Status), ready.Reason, ready.Message, &since
	} else {
		s.Message = "the reconciler hasn't looked at it yet"
	}
	for _, count := range sync.Status.Inventory {
		s.Objects += int(count.Count)
	}
	if history := History(sync); len(history) > 0 {
		s.LastAttempt = &history[0]
	}
	return s
}

// SourceOf tells where a Sync's manifests stand.
func SourceOf(sync *v1.Sync) Source {
	from := sync.Spec.Source
	s := Source{URL: from.URL, Path: cmp.Or(from.Path, ".")}
	switch {
	case from.Commit != "":
		s.Ref = "commit " + from.Commit
	case from.Tag != "":
		s.Ref = "tag " + from.Tag
	case from.Semver != "":
		s.Ref = "semver " + from.Semver
	default:
		s.Ref = "branch " + cmp.Or(from.Branch, v1.DefaultBranch)
	}
	return s
}

// History gives what became of the last revisions, newest first.
func History(sync *v1.Sync) []Attempt {
	attempts := make([]Attempt, 0, len(sync.Status.History))
	for _, entry := range sync.Status.History {
		attempts = append(attempts, Attempt{Revision: entry.Revision, Time: entry.Time.UTC(), Result: string(entry.Result), Message: entry.Message})
	}
	return attempts
}

// CommitOf gives the hash of a revision, BRANCH@sha1:HASH; "" where it has none.
func CommitOf(revision string) string {
	_, hash, _ := strings.Cut(revision, "@sha1:")
	return hash
}

// ShortRevision is a revision for people: main@1a2b3c4d.
func ShortRevision(revision string) string {
	ref, hash, ok := strings.Cut(revision, "@sha1:")
	if !ok {
		return revision
	}
	if len(hash) > shortHash {
		hash = hash[:shortHash]
	}
	return ref + "@" + hash
}

// shortHash is how many digits of a commit's hash people are shown.
const shortHash = 8
