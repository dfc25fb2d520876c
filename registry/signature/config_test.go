package signature_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/signature"
	"github.com/towline-dev/towline/registry/signature/signaturetest"
)

// without gives the trust root without one of its parts.
func without(tb testing.TB, trustRoot []byte, part string) []byte {
	tb.Helper()
	var parts map[string]any
	if err := json.Unmarshal(trustRoot, &parts); err != nil {
		tb.Fatal(err)
	}
	if _, ok := parts[part]; !ok {
		tb.Fatalf("the trust root has no %s", part)
	}
	delete(parts, part)
	return must(json.Marshal(parts))(tb)
}

// TestCheck tells ahead what couldn't be verified.
func TestCheck(t *testing.T) {
	trustRoot := must(must(signaturetest.New())(t).TrustRoot())(t)
	identity, key := byIdentity(t, issuer, subject), byKey(t, newKey(t))
	tests := []struct {
		name   string
		config signature.Config
		req    signature.Requirement
		want   string // in the error, nothing for none
	}{
		{name: "key without a trust root", req: key},
		{name: "key", req: key, config: signature.Config{TrustRoot: trustRoot}},
		{name: "key with a trust root for its log alone", req: key,
			config: signature.Config{TrustRoot: without(t, trustRoot, "certificateAuthorities"), LogKeys: true}},
		{name: "identity", req: identity, config: signature.Config{TrustRoot: trustRoot}},
		{name: "identity without a trust root", req: identity, want: "cosign trusted-root create"},
		{name: "identity without authorities", req: identity, want: "no certificate authority",
			config: signature.Config{TrustRoot: without(t, trustRoot, "certificateAuthorities")}},
		{name: "identity without logs", req: identity, want: "no transparency log",
			config: signature.Config{TrustRoot: without(t, trustRoot, "tlogs")}},
		{name: "identity without logs, by timestamps", req: identity,
			config: signature.Config{TrustRoot: without(t, trustRoot, "tlogs"), NoLog: true}},
		{name: "identity without timestamps", req: identity, want: "no timestamp authority",
			config: signature.Config{TrustRoot: without(t, trustRoot, "timestampAuthorities"), NoLog: true}},
		{name: "identity without certificate transparency", req: identity, want: "no certificate transparency log",
			config: signature.Config{TrustRoot: without(t, trustRoot, "ctlogs")}},
		{name: "identity of a private authority", req: identity,
			config: signature.Config{TrustRoot: without(t, trustRoot, "ctlogs"), NoSCT: true}},
		{name: "nobody", want: "neither a key nor an identity"},
		{name: "empty key", req: signature.Requirement{Keys: make([]signature.Key, 1)}, want: "a key is empty"},
		{name: "empty identity", req: signature.Requirement{Identities: make([]signature.Identity, 1)}, want: "an identity is empty"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			verifier := must(signature.New(test.config))(t)
			err := verifier.Check(test.req)
			checkSays(t, err, test.want)
			if test.want == "" {
				return
			}
			if got := kind(t, err); got != "config" {
				t.Errorf("got %s, want config: %v", got, err)
			}
			src := &store{err: registry.ErrNotFound}
			if _, err := verifier.Verify(t.Context(), src, "r.test/app", digestOf("image"), test.req); kind(t, err) != "config" || src.asked > 0 {
				t.Errorf("verified all the same, with %d requests: %v", src.asked, err)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	trustRoot := must(must(signaturetest.New())(t).TrustRoot())(t)
	tests := []struct {
		name   string
		config signature.Config
		want   string
	}{
		{name: "a trust root that isn't one", config: signature.Config{TrustRoot: []byte("-----BEGIN CERTIFICATE-----")}, want: "cosign trusted-root create"},
		{name: "a trust root of another type", config: signature.Config{TrustRoot: []byte("{}")}, want: "media type"},
		{name: "logged keys without a trust root", config: signature.Config{LogKeys: true}, want: "without a trust root"},
		{name: "logged keys without logs", config: signature.Config{LogKeys: true, TrustRoot: without(t, trustRoot, "tlogs")}, want: "names none"},
		{name: "a negative bound", config: signature.Config{MaxSignatures: -1}, want: "negative"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := signature.New(test.config)
			checkSays(t, err, test.want)
		})
	}
}

func TestNewKeyRefuses(t *testing.T) {
	good := string(must(signaturetest.PublicKey(newKey(t)))(t))
	small := must(rsa.GenerateKey(rand.Reader, 1024))(t) //nolint:gosec // it is to be refused
	tests := []struct{ name, text, want string }{
		{name: "nothing", want: "expecting PEM"},
		{name: "two keys", text: good + good, want: "a single PEM block"},
		{name: "a private key", text: strings.ReplaceAll(good, "PUBLIC KEY", "PRIVATE KEY"), want: `"PRIVATE KEY"`},
		{name: "garbage within", text: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", want: `the public key "release"`},
		{name: "a small key", text: string(must(signaturetest.PublicKey(small))(t)), want: "found 1024"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := signature.NewKey("release", []byte(test.text))
			checkSays(t, err, test.want)
		})
	}
}

func TestNewIdentityRefuses(t *testing.T) {
	for _, text := range []string{"", " ", "//", "/(/", "/a)|(b/"} {
		if _, err := signature.NewIdentity(issuer, text); err == nil {
			t.Errorf("the subject %q was taken", text)
		}
		if _, err := signature.NewIdentity(text, subject); err == nil {
			t.Errorf("the issuer %q was taken", text)
		}
	}
}

// TestVerifyRefusesDigests that cosign knows nothing of.
func TestVerifyRefusesDigests(t *testing.T) {
	for _, digest := range []string{"", "1.0.0", "sha256:abc", "sha512:" + strings.Repeat("0", 128), "sha256:" + strings.Repeat("A", 64)} {
		src := &store{err: registry.ErrNotFound}
		_, err := must(signature.New(signature.Config{}))(t).Verify(t.Context(), src, "r.test/app", digest, byKey(t, newKey(t)))
		if kind(t, err) != "config" || src.asked > 0 {
			t.Errorf("digest %q: got %v after %d requests", digest, err, src.asked)
		}
	}
}

func TestVerdictInWords(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		name string
		give signature.Verdict
		want string
	}{
		{
			name: "keyless",
			give: signature.Verdict{Issuer: issuer, Subject: subject, Format: signature.Bundle, Time: at, Witness: signature.TransparencyLog, Logged: true},
			want: "signed by `alice@example.test` (issuer `https://accounts.example.test`) on 2026-01-02 03:04 UTC (by the transparency log); sigstore bundle",
		},
		{
			name: "key",
			give: signature.Verdict{Key: "release", Format: signature.SignatureTag},
			want: "signed with the key `release`; cosign signature tag, not looked up in a transparency log",
		},
		{
			name: "hostile subject",
			give: signature.Verdict{Issuer: issuer, Subject: "a`\n# b <img>", Format: signature.Bundle, Logged: true},
			want: "signed by `a' # b <img>` (issuer `https://accounts.example.test`); sigstore bundle",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.give.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// checkSays wants an error with the text, or none where the text is empty.
func checkSays(tb testing.TB, err error, want string) {
	tb.Helper()
	switch {
	case want == "" && err != nil:
		tb.Errorf("got an error, want none: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		tb.Errorf("got %v, want an error that says %q", err, want)
	}
}
