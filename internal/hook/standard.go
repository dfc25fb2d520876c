package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// standardPrefix begins the keys of Standard Webhooks; base64 follows.
	standardPrefix = "whsec_"
	// maxAge is how old, or young, a message may be that is signed with its time, as the
	// specification advises.
	maxAge = 5 * time.Minute
	// maxSignatures is how many signatures of one message are tried.
	maxSignatures = 10
)

// StandardKey is a key of Standard Webhooks, as GitLab's signing token is one.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
type StandardKey struct{ key []byte }

// ParseStandardKey reads whsec_BASE64.
func ParseStandardKey(token string) (StandardKey, error) {
	text, found := strings.CutPrefix(token, standardPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !found || err != nil || len(key) == 0 {
		return StandardKey{}, errors.New("a signing token is whsec_ and base64")
	}
	return StandardKey{key}, nil
}

// Signed checks a request's signature: the HMAC-SHA256 of ID.TIME.BODY, in base64, one of
// those in the header Webhook-Signature. The zero key signs nothing.
func (k StandardKey) Signed(header http.Header, body []byte, now time.Time) bool {
	id, stamp := header.Get("Webhook-Id"), header.Get("Webhook-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if len(k.key) == 0 || id == "" || err != nil {
		return false
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > maxAge || age < -maxAge {
		return false
	}
	mac := hmac.New(sha256.New, k.key)
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
