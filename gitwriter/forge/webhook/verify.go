package webhook

import (
	"fmt"
	"net/http"

	"github.com/towline-dev/towline/internal/hook"
)

// signatureOf finds the signature as GitHub, Gitea and Forgejo write it, older Gitea only in a
// header of its own.
func signatureOf(t Type, header http.Header) (hook.Signature, bool) {
	if t == Gitea {
		return hook.SignatureOf(header, "X-Gitea-Signature", "X-Forgejo-Signature")
	}
	return hook.SignatureOf(header)
}

// signingKey reads GitLab's signing token.
func signingKey(token string) (hook.StandardKey, error) {
	key, err := hook.ParseStandardKey(token)
	if err != nil {
		return hook.StandardKey{}, fmt.Errorf("the secret of a GitLab webhook: %w (hint: with the secret token, auth is token)", err)
	}
	return key, nil
}
