package hook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/hook"
)

// signed gives the headers of a message by Standard Webhooks.
func signed(key, body string, at time.Time) http.Header {
	const id = "1"
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(id + "." + stamp + "." + body))
	return http.Header{
		"Webhook-Id": {id}, "Webhook-Timestamp": {stamp},
		"Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))},
	}
}

func TestStandardKey(t *testing.T) {
	const body = `{"object_kind":"push"}`
	now := time.Unix(1700000000, 0)
	key, err := hook.ParseStandardKey("whsec_" + base64.StdEncoding.EncodeToString([]byte("hunter2")))
	if err != nil {
		t.Fatal(err)
	}
	with := func(name, value string) http.Header {
		h := signed("hunter2", body, now)
		h.Set(name, value)
		return h
	}
	good := signed("hunter2", body, now).Get("Webhook-Signature")
	for _, tt := range []struct {
		name   string
		header http.Header
		want   bool
	}{
		{"good", signed("hunter2", body, now), true},
		{"a key that is being replaced, too", with("Webhook-Signature", "v1,AAAA "+good), true},
		{"another key", signed("hunter3", body, now), false},
		{"another body", signed("hunter2", body+" ", now), false},
		{"another ID", with("Webhook-Id", "2"), false},
		{"no ID", with("Webhook-Id", ""), false},
		{"another time", with("Webhook-Timestamp", "1700000001"), false},
		{"no time", with("Webhook-Timestamp", "now"), false},
		{"old", signed("hunter2", body, now.Add(-6*time.Minute)), false},
		{"of the future", signed("hunter2", body, now.Add(6*time.Minute)), false},
		{"another scheme", with("Webhook-Signature", strings.Replace(good, "v1,", "v1a,", 1)), false},
		{"too many", with("Webhook-Signature", strings.Repeat("v1,AAAA ", 10)+good), false},
		{"none", with("Webhook-Signature", ""), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := key.Signed(tt.header, []byte(body), now); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
	if (hook.StandardKey{}).Signed(signed("", body, now), []byte(body), now) {
		t.Error("no key at all signs")
	}
	for _, bad := range []string{"", "whsec_", "hunter2", "whsec_%%%"} {
		if _, err := hook.ParseStandardKey(bad); err == nil {
			t.Errorf("%q is taken for a signing token", bad)
		}
	}
}
