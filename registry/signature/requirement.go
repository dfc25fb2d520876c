package signature

import (
	"fmt"
	"strings"
)

// Requirement says whose signature an image needs: one by one of the keys, or
// by one of the identities. It needs at least one of them.
type Requirement struct {
	Keys       []Key
	Identities []Identity
}

// String says in words who may sign: "key release, or alice@example.com (issuer …)".
func (r Requirement) String() string {
	var who []string
	for _, key := range r.Keys {
		who = append(who, "key "+quote(key.name))
	}
	for _, identity := range r.Identities {
		who = append(who, identity.String())
	}
	return strings.Join(who, ", or ")
}

// check refuses a requirement that couldn't be met or, worse, one that an
// oversight left empty.
func (r Requirement) check() error {
	for _, key := range r.Keys {
		if key.public == nil {
			return fmt.Errorf("%w: a key is empty", ErrConfig)
		}
	}
	for _, identity := range r.Identities {
		if identity.issuer.written == "" || identity.subject.written == "" {
			return fmt.Errorf("%w: an identity is empty", ErrConfig)
		}
	}
	if len(r.Keys) == 0 && len(r.Identities) == 0 {
		return fmt.Errorf("%w: it names neither a key nor an identity", ErrConfig)
	}
	return nil
}
