package signature_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
	"github.com/towline-dev/towline/registry/signature"
	"github.com/towline-dev/towline/registry/signature/signaturetest"
)

func unix(seconds float64) time.Time { return time.Unix(int64(seconds), 0) }

// checkPrintable holds a message to one line of bounded length.
func checkPrintable(tb testing.TB, err error) {
	tb.Helper()
	if err == nil {
		return
	}
	text := err.Error()
	if utf8.RuneCountInString(text) > 5000 {
		tb.Errorf("the message has %d runes", utf8.RuneCountInString(text))
	}
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		tb.Errorf("the message isn't printable: %q", text)
	}
}

// store is a registry in memory, for what no registry would take or keep. It
// answers by what is asked for, and counts.
type store struct {
	manifests map[string]string // by reference
	blobs     map[string]string // by digest
	referrers []registry.Referrer
	err       error // of everything that isn't there
	asked     int
}

func (s *store) Manifest(_ context.Context, _, reference string) (registry.RawManifest, error) {
	s.asked++
	body, ok := s.manifests[reference]
	if !ok {
		return registry.RawManifest{}, s.err
	}
	return registry.RawManifest{Body: []byte(body)}, nil
}

func (s *store) Blob(_ context.Context, _, digest string, _ int64) ([]byte, error) {
	s.asked++
	body, ok := s.blobs[digest]
	if !ok {
		return nil, s.err
	}
	return []byte(body), nil
}

func (s *store) Referrers(context.Context, string, string, string) ([]registry.Referrer, error) {
	s.asked++
	if s.referrers == nil {
		return nil, s.err
	}
	return s.referrers, nil
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// TestTenThousandSignatures looks at no more of them than it is told to.
func TestTenThousandSignatures(t *testing.T) {
	digest, key := digestOf("image"), newKey(t)
	type layer struct {
		MediaType   string            `json:"mediaType"`
		Digest      string            `json:"digest"`
		Annotations map[string]string `json:"annotations"`
	}
	src := &store{err: registry.ErrNotFound, blobs: map[string]string{}, manifests: map[string]string{}}
	text := string(must(signaturetest.Payload("r.test/app", digest))(t))
	src.blobs[digestOf(text)] = text
	layers := make([]layer, 10_000)
	for i := range layers {
		layers[i] = layer{"application/vnd.dev.cosign.simplesigning.v1+json", digestOf(text),
			map[string]string{"dev.cosignproject.cosign/signature": "AAAA"}}
		src.referrers = append(src.referrers, registry.Referrer{Digest: digestOf(fmt.Sprint(i))})
	}
	src.manifests[strings.Replace(digest, ":", "-", 1)+".sig"] = string(must(json.Marshal(map[string]any{"layers": layers}))(t))

	verifier := must(signature.New(signature.Config{MaxSignatures: 10}))(t)
	_, err := verifier.Verify(t.Context(), src, "r.test/app", digest, byKey(t, key))
	if got := kind(t, err); got != "others" {
		t.Errorf("got %s, want others: %v", got, err)
	}
	if !strings.Contains(err.Error(), "10000 signatures, of which only 10 are looked at") {
		t.Errorf("the error doesn't tell that signatures weren't looked at: %v", err)
	}
	if want := 2 + 10 + 10; src.asked != want {
		t.Errorf("asked the registry %d times, want %d", src.asked, want)
	}
	checkPrintable(t, err)
}

// TestLyingSource has a registry that answers with something else than was asked for.
func TestLyingSource(t *testing.T) {
	digest, key := digestOf("image"), newKey(t)
	signed := must(signaturetest.KeySigner(key).Layer(must(signaturetest.Payload("r.test/app", digest))(t)))(t)
	tag := strings.Replace(digest, ":", "-", 1) + ".sig"
	list := func(digest string, size int64) string {
		return string(must(json.Marshal(map[string]any{"layers": []any{map[string]any{
			"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": digest, "size": size, "annotations": signed.Annotations,
		}}}))(t))
	}
	text := string(signed.Payload)
	tests := []struct {
		name string
		src  store
		want string
	}{
		{name: "sound", want: "signed", src: store{manifests: map[string]string{tag: list(digestOf(text), 0)}, blobs: map[string]string{digestOf(text): text}}},
		{name: "blob that isn't its digest's", want: "invalid", src: store{manifests: map[string]string{tag: list(digestOf("x"), 0)}, blobs: map[string]string{digestOf("x"): text}}},
		{name: "blob that is said to be huge", want: "invalid", src: store{manifests: map[string]string{tag: list(digestOf(text), 1<<40)}, blobs: map[string]string{digestOf(text): text}}},
		{name: "blob by another hash", want: "invalid", src: store{manifests: map[string]string{tag: list("sha1:abcd", 0)}}},
		{name: "blob that is missing", want: "invalid", src: store{manifests: map[string]string{tag: list(digestOf(text), 0)}}},
		{name: "manifest that isn't its digest's", want: "invalid", src: store{referrers: []registry.Referrer{{Digest: digestOf("x")}}, manifests: map[string]string{digestOf("x"): "{}"}}},
		{name: "manifest that isn't JSON", want: "invalid", src: store{manifests: map[string]string{tag: "<html>"}}},
		{name: "manifest that is huge", want: "invalid", src: store{manifests: map[string]string{tag: strings.Repeat(" ", 5<<20)}}},
		{name: "referrer that is a path", want: "invalid", src: store{referrers: []registry.Referrer{{Digest: "../../secret"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.src.err = registry.ErrNotFound
			_, err := must(signature.New(signature.Config{}))(t).Verify(t.Context(), &test.src, "r.test/app", digest, byKey(t, key))
			if got := kind(t, err); got != test.want {
				t.Errorf("got %s, want %s: %v", got, test.want, err)
			}
			checkPrintable(t, err)
		})
	}
}

// TestRegistryTrouble isn't taken for a missing signature, and leaves a signature
// that can be had alone.
func TestRegistryTrouble(t *testing.T) {
	tests := []struct {
		name      string
		fault     registrytest.Fault
		temporary bool
	}{
		{name: "unavailable", fault: registrytest.Fault{Status: http.StatusServiceUnavailable}, temporary: true},
		{name: "rate limited", fault: registrytest.Fault{Status: http.StatusTooManyRequests}, temporary: true},
		{name: "forbidden", fault: registrytest.Fault{Status: http.StatusForbidden}, temporary: false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, key := newScene(t), newKey(t)
			s.server.AddFault(test.fault)
			_, err := s.verify(signature.Config{}, byKey(t, key))
			if got := kind(t, err); got != "registry" {
				t.Fatalf("got %s, want registry: %v", got, err)
			}
			var cause *registry.Error
			if !errors.As(err, &cause) {
				t.Errorf("the registry's error is lost: %v", err)
			}
			var temporary interface{ Temporary() bool }
			if !errors.As(err, &temporary) || temporary.Temporary() != test.temporary {
				t.Errorf("temporary is not %v: %v", test.temporary, err)
			}
		})
	}
}

// TestTroubleInOneFormat finds a signature in the other.
func TestTroubleInOneFormat(t *testing.T) {
	digest, key := digestOf("image"), newKey(t)
	signed := must(signaturetest.KeySigner(key).Layer(must(signaturetest.Payload("r.test/app", digest))(t)))(t)
	text := string(signed.Payload)
	src := &store{
		err:   errors.New("connection reset"),
		blobs: map[string]string{digestOf(text): text},
		manifests: map[string]string{strings.Replace(digest, ":", "-", 1) + ".sig": string(must(json.Marshal(map[string]any{"layers": []any{map[string]any{
			"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "digest": digestOf(text), "annotations": signed.Annotations,
		}}}))(t))},
	}
	verifier := must(signature.New(signature.Config{}))(t)
	if _, err := verifier.Verify(t.Context(), src, "r.test/app", digest, byKey(t, key)); err != nil {
		t.Errorf("the signature isn't found: %v", err)
	}
	if _, err := verifier.Verify(t.Context(), src, "r.test/app", digest, byKey(t, newKey(t))); kind(t, err) != "registry" {
		t.Errorf("an open question is answered: %v", err)
	}
}
