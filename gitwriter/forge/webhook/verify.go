package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

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

const (
	// signingPrefix begins GitLab's signing tokens; base64 follows.
	signingPrefix = "whsec_"
	// maxAge is how old, or young, a message of GitLab's may be that is signed with its
	// time, as the specification of Standard Webhooks advises.
	maxAge = 5 * time.Minute
	// maxSignatures is how many signatures of one message are tried.
	maxSignatures = 10
)

// signingKey reads GitLab's signing token.
func signingKey(token string) ([]byte, error) {
	text, found := strings.CutPrefix(token, signingPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !found || err != nil || len(key) == 0 {
		return nil, errors.New("a GitLab webhook's signing token is whsec_ and base64 (hint: with the secret token, auth is token)")
	}
	return key, nil
}

// standardSigned checks a signature by Standard Webhooks, as GitLab's: the HMAC-SHA256 of
// ID.TIME.BODY, in base64, one of those in the header.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
func standardSigned(header http.Header, body, key []byte, now time.Time) bool {
	id, stamp := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if id == "" || err != nil {
		return false
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > maxAge || age < -maxAge {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	want := mac.Sum(nil)
	right := false
	for i, signature := range strings.Fields(header.Get("Webhook-Signature")) {
		text, found := strings.CutPrefix(signature, "v1,")
		got, err := base64.StdEncoding.DecodeString(text)
		if i < maxSignatures && found && err == nil && hmac.Equal(got, want) {
			right = true
		}
	}
	return right
}
