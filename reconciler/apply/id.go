package apply

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/towline-dev/towline/reconciler/inventory"
)

// SetID returns the ID of the set whose parent object is named, as KEP-3659 ("ApplySet identification") defines it:
// a valid label value of 55 characters, made of the parent's name, namespace, kind and group.
func SetID(parent inventory.ObjectRef) string {
	named := strings.Join([]string{parent.Name, parent.Namespace, parent.Kind, parent.Group}, ".")
	digest := sha256.Sum256([]byte(named))
	return "applyset-" + base64.RawURLEncoding.EncodeToString(digest[:]) + "-v1"
}
