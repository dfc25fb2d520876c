package drift

import (
	"crypto/hmac"
	"crypto/sha256"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/reconciler/apply"
)

func secretKind() schema.GroupKind { return schema.GroupKind{Kind: "Secret"} }

// keyed is the sum of a Secret's form that is kept where people read it who may not read Secrets. A plain sum would give a
// short password away to anybody who guesses; the UID is random, and known to those alone who may read the Secret.
func keyed(form apply.Digest, uid types.UID) apply.Digest {
	mac := hmac.New(sha256.New, []byte(uid))
	mac.Write(form[:])
	return apply.Digest(mac.Sum(nil)[:len(form)])
}

func (r *resource) secret() bool { return r.kind == secretKind() }

// key notes the UID of a Secret.
func (r *resource) key(o *object, live metav1.Object) {
	if r.secret() {
		o.uid = live.GetUID()
	}
}

// kept renders an object's form as an inventory keeps it; empty where it must not be kept.
func (r *resource) kept(o *object) string {
	switch {
	case !r.secret() || o.keyed:
		return formSum(o.form)
	case o.uid == "":
		return ""
	}
	return formSum(keyed(o.form, o.uid))
}

// stands reports whether the object was applied in this form last.
func (o *object) stands(form apply.Digest) bool {
	if o.keyed {
		return o.uid != "" && o.form == keyed(form, o.uid)
	}
	return o.form == form
}
