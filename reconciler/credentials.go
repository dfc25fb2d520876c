package reconciler

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/secret"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// anonymous is the identity of sources that are read without credentials.
const anonymous = "anonymous"

// credentialsAge is how long credentials that work are used before the Secret is
// read again. Those that don't work are read again at each try.
const credentialsAge = 5 * time.Minute

// credentials are what a Sync reads its repository with.
type credentials struct {
	auth     gitrepo.Auth
	identity string // differs wherever the credentials differ, and tells nothing of them
	name     string // of the Secret; empty for none
	read     time.Time
}

// credentials gives those of a Sync; again reads the Secret even if it was read lately.
func (c *controller) credentials(ctx context.Context, s *v1.Sync, st *state, again bool) (credentials, error) {
	ref := s.Spec.Source.SecretRef
	if ref == nil {
		return credentials{identity: anonymous}, nil
	}
	known := st.credentials
	if known.name == ref.Name && !again && c.Now().Sub(known.read) < credentialsAge {
		return known, nil
	}
	var object corev1.Secret
	key := types.NamespacedName{Namespace: s.Namespace, Name: ref.Name}
	if err := c.reader.Get(ctx, key, &object); err != nil {
		return credentials{}, fmt.Errorf("reading Secret %q for the source: %w", key, err)
	}
	found, err := fromSecret(&object)
	if err != nil {
		return credentials{}, fmt.Errorf("reading Secret %q for the source: %w", key, err)
	}
	found.name, found.read = ref.Name, c.Now()
	st.credentials = found
	return found, nil
}

func fromSecret(object *corev1.Secret) (credentials, error) {
	username, password, ca := object.Data["username"], object.Data["password"], object.Data["ca.crt"]
	if len(password) == 0 && len(ca) == 0 {
		return credentials{}, errors.New("it has neither password nor ca.crt (hint: username and password for basic authentication, a token is a password)")
	}
	hash := sha256.New()
	for _, part := range [][]byte{username, password, ca} {
		// The length keeps "ab"+"c" and "a"+"bc" apart.
		hash.Write(append(strconv.AppendInt(nil, int64(len(part)), 10), ':'))
		hash.Write(part)
	}
	return credentials{
		auth:     gitrepo.Auth{Username: string(username), Password: secret.New(string(password)), CA: ca},
		identity: hex.EncodeToString(hash.Sum(nil)[:16]),
	}, nil
}
