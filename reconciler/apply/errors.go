package apply

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// Reason classifies the API server's refusal of one object.
type Reason string

// The reasons, each with what a caller can do about it.
const (
	ReasonConflict    Reason = "Conflict"    // someone else changed it in between: try again
	ReasonImmutable   Reason = "Immutable"   // a field that can't be changed in place: needs another name, or to be recreated
	ReasonForbidden   Reason = "Forbidden"   // RBAC, or an admission policy
	ReasonInvalid     Reason = "Invalid"     // the manifest needs a mend
	ReasonNoKind      Reason = "NoKind"      // the cluster doesn't serve the kind (yet)
	ReasonNotFound    Reason = "NotFound"    // its namespace isn't there, or is being deleted
	ReasonUnavailable Reason = "Unavailable" // the API server, a webhook, or the way there: try again
	ReasonCanceled    Reason = "Canceled"    // the caller's context ended first
	ReasonOther       Reason = "Other"
)

// Error says which object failed and what kind of failure it was.
type Error struct {
	Op     string // "planning", "applying", "deleting"
	Ref    inventory.ObjectRef
	Reason Reason
	Err    error
}

// Error returns "applying apps/Deployment/shop/web: cause". Of a Secret it tells which fields the API server refuses and
// why in the API's own codes, but not in its words, because values may stand there: these texts go into conditions, events
// and commit statuses.
func (e *Error) Error() string {
	if e.Ref.GroupKind() == secretKind() {
		if text := redacted(e.Reason, e.Err); text != "" {
			return fmt.Sprintf("%s %s: %s", e.Op, e.Ref, text)
		}
	}
	return fmt.Sprintf("%s %s: %v", e.Op, e.Ref, e.Err)
}

func secretKind() schema.GroupKind { return schema.GroupKind{Kind: "Secret"} }

// redacted says what is wrong with a Secret without the words of who says so; empty where those are ours.
func redacted(reason Reason, err error) string {
	var bad *malformed
	var immutable *immutableError
	var status apierrors.APIStatus
	switch {
	case errors.As(err, &immutable):
		return immutable.Error()
	case errors.As(err, &bad), !errors.As(err, &status), reason == ReasonNotFound, reason == ReasonNoKind, reason == ReasonCanceled:
		return ""
	}
	text := "the API server refuses it"
	switch reason {
	case ReasonForbidden:
		text = "it is forbidden, by the roles of whom it is applied as or by an admission policy"
	case ReasonUnavailable:
		text = "the API server, or a webhook, is not available"
	case ReasonConflict, ReasonImmutable, ReasonInvalid, ReasonNoKind, ReasonNotFound, ReasonCanceled, ReasonOther:
	}
	var causes []string
	if details := status.Status().Details; details != nil {
		for _, cause := range details.Causes {
			causes = append(causes, strings.TrimPrefix(cause.Field+" "+string(cause.Type), " "))
		}
	}
	if len(causes) > 0 {
		text += ": " + strings.Join(causes, ", ")
	}
	return fmt.Sprintf("%s (status %d %s; its words may tell values, and are left out)", text, status.Status().Code, status.Status().Reason)
}

// Unwrap returns the API server's own error.
func (e *Error) Unwrap() error { return e.Err }

// Temporary reports whether the same request may well succeed later without anyone's mending the manifest or a role.
func (e *Error) Temporary() bool {
	switch e.Reason {
	case ReasonConflict, ReasonUnavailable, ReasonNoKind, ReasonNotFound, ReasonCanceled:
		return true
	case ReasonImmutable, ReasonForbidden, ReasonInvalid, ReasonOther:
		return false
	}
	return false
}

func failed(op string, ref inventory.ObjectRef, err error) Outcome {
	return Outcome{Ref: ref, Action: Failed, Err: &Error{Op: op, Ref: ref, Reason: classify(err), Err: err}}
}

// classify finds the reason in the error's type. What is no answer of an API server is taken for trouble on the way to it.
func classify(err error) Reason {
	var status apierrors.APIStatus
	var bad *malformed
	var immutable *immutableError
	switch {
	case errors.As(err, &immutable):
		return ReasonImmutable
	case errors.As(err, &bad):
		return ReasonInvalid
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return ReasonCanceled
	case meta.IsNoMatchError(err):
		return ReasonNoKind
	case !errors.As(err, &status):
		return ReasonUnavailable
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return ReasonConflict
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return ReasonNotFound // Forbidden as long as the namespace goes; then it isn't there
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		return ReasonForbidden
	case apierrors.IsInvalid(err):
		return ReasonInvalid
	case unknownField(status.Status()):
		return ReasonInvalid
	case apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err), apierrors.IsMethodNotSupported(err), apierrors.IsUnsupportedMediaType(err):
		return ReasonInvalid
	case apierrors.IsNotFound(err):
		if isMissingNamespace(err) {
			return ReasonNotFound
		}
		return ReasonNoKind
	case apierrors.IsServerTimeout(err), apierrors.IsTimeout(err), apierrors.IsTooManyRequests(err),
		apierrors.IsServiceUnavailable(err), apierrors.IsInternalError(err), apierrors.IsUnexpectedServerError(err):
		return ReasonUnavailable
	}
	return ReasonOther
}

// unknownField reports whether an answer says that the manifest doesn't fit the kind's schema. Server-side apply answers
// that with status 500 and no reason code (apimachinery, managedfields/internal/structuredmerge.go), just as it answers
// when etcd is away; the text is the only difference.
func unknownField(status metav1.Status) bool {
	return status.Code == http.StatusInternalServerError && strings.HasPrefix(status.Message, "failed to create typed patch object")
}

// isMissingNamespace tells an object's missing namespace from a missing resource: both are 404.
func isMissingNamespace(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	details := status.Status().Details
	return apierrors.IsNotFound(err) && details != nil && details.Kind == "namespaces" && details.Group == ""
}
