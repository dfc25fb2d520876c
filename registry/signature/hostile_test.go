package signature_test

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/towline-dev/towline/registry/signature"
	"github.com/towline-dev/towline/registry/signature/signaturetest"
)

// TestAlteredTag has signatures under the signature tag in which one thing was
// changed after signing. The good signature is our key's, or our identity's.
func TestAlteredTag(t *testing.T) {
	note := func(key string, change func(string) string) func(*scene, *signaturetest.Layer) {
		return func(_ *scene, l *signaturetest.Layer) { l.Annotations[key] = change(l.Annotations[key]) }
	}
	constant := func(text string) func(string) string { return func(string) string { return text } }
	tests := []struct {
		name      string
		change    func(*scene, *signaturetest.Layer)
		byKey, by string // the kinds of error by key and by identity
	}{
		{name: "nothing", change: func(*scene, *signaturetest.Layer) {}, byKey: "signed", by: "signed"},
		{name: "text", byKey: "others", by: "invalid", change: func(_ *scene, l *signaturetest.Layer) {
			l.Payload = bytes.Replace(l.Payload, []byte(`"optional":null`), []byte(`"optional":{"a":"b"}`), 1)
		}},
		{name: "text about another image", byKey: "invalid", by: "invalid", change: func(s *scene, l *signaturetest.Layer) {
			l.Payload = must(signaturetest.Payload(s.repository, "sha256:"+strings.Repeat("0", 64)))(s.tb)
		}},
		{name: "text of another type", byKey: "invalid", by: "invalid", change: func(_ *scene, l *signaturetest.Layer) {
			l.Payload = bytes.Replace(l.Payload, []byte("cosign container image signature"), []byte("a poem"), 1)
		}},
		{name: "text without end", byKey: "invalid", by: "invalid", change: func(_ *scene, l *signaturetest.Layer) {
			l.Payload = bytes.Repeat([]byte(" "), 1<<20)
		}},
		{name: "no text", byKey: "invalid", by: "invalid", change: func(_ *scene, l *signaturetest.Layer) { l.Payload = nil }},
		{name: "no signature", byKey: "invalid", by: "invalid", change: note("dev.cosignproject.cosign/signature", constant(""))},
		{name: "signature that isn't base64", byKey: "invalid", by: "invalid", change: note("dev.cosignproject.cosign/signature", constant("\x1b[2J!"))},
		{name: "signature of something else", byKey: "others", by: "invalid",
			change: note("dev.cosignproject.cosign/signature", constant(base64.StdEncoding.EncodeToString([]byte("something else"))))},
		{name: "log's promise", byKey: "invalid", by: "invalid", change: note("dev.sigstore.cosign/bundle", func(written string) string {
			return strings.Replace(written, `"SignedEntryTimestamp":"ME`, `"SignedEntryTimestamp":"MF`, 1)
		})},
		{name: "log's time", byKey: "invalid", by: "invalid", change: note("dev.sigstore.cosign/bundle", func(written string) string {
			return strings.Replace(written, `"integratedTime":`, `"integratedTime":1`, 1)
		})},
		{name: "log's name", byKey: "invalid", by: "invalid", change: note("dev.sigstore.cosign/bundle", func(written string) string {
			return strings.Replace(written, `"logID":"`, `"logID":"00`, 1)
		})},
		{name: "log entry of another signature", byKey: "invalid", by: "invalid", change: func(s *scene, l *signaturetest.Layer) {
			l.Annotations["dev.sigstore.cosign/bundle"] = s.layer(s.keyless(signaturetest.Options{})).Annotations["dev.sigstore.cosign/bundle"]
		}},
		{name: "log entry that isn't one", byKey: "invalid", by: "invalid", change: note("dev.sigstore.cosign/bundle", constant(`{"Payload":{"body":"e30="}}`))},
		{name: "no log entry", byKey: "signed", by: "invalid", change: note("dev.sigstore.cosign/bundle", constant(""))},
		{name: "certificate that isn't one", byKey: "invalid", by: "invalid", change: note("dev.sigstore.cosign/certificate", constant("garbage"))},
		{name: "chain without end", byKey: "signed", by: "invalid", change: func(_ *scene, l *signaturetest.Layer) {
			// A key's signature has no certificate, and thus no chain that anybody reads.
			l.Annotations["dev.sigstore.cosign/chain"] = strings.Repeat(l.Annotations["dev.sigstore.cosign/certificate"], 1000)
		}},
		{name: "certificate that is huge", byKey: "invalid", by: "invalid", change: note("dev.sigstore.cosign/certificate",
			constant(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: make([]byte, 9<<10)}))))},
		{name: "timestamp that is huge", byKey: "invalid", by: "invalid", change: note("dev.sigstore.cosign/rfc3161timestamp",
			constant(`{"SignedRFC3161Timestamp":"`+strings.Repeat("AAAA", 6000)+`"}`))},
		{name: "timestamp that isn't one", byKey: "invalid", by: "invalid", change: note("dev.sigstore.cosign/rfc3161timestamp", constant("garbage"))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, key := newScene(t), newKey(t)
			for signer, want := range map[*signaturetest.Signer]string{
				s.sigstore.KeySigner(key, signaturetest.Options{}): test.byKey,
				s.keyless(signaturetest.Options{}):                 test.by,
			} {
				req := byIdentity(t, issuer, subject)
				l := s.layer(signer)
				if l.Annotations["dev.sigstore.cosign/certificate"] == "" {
					req = byKey(t, key)
				}
				test.change(s, &l)
				s.pushLayers(l)
				_, err := s.verify(signature.Config{}, req)
				if got := kind(t, err); got != want {
					t.Errorf("requiring %s: got %s, want %s: %v", req, got, want, err)
				}
				checkPrintable(t, err)
			}
		})
	}
}

// TestMovedFromAnotherImage has good signatures of another image.
func TestMovedFromAnotherImage(t *testing.T) {
	s, key := newScene(t), newKey(t)
	other := *s
	other.digest = must(s.server.Push("acme/app", "2.0.0", unix(2e9), nil))(t)
	for name, signer := range map[string]*signaturetest.Signer{
		"by a key": s.sigstore.KeySigner(key, signaturetest.Options{}), "keyless": s.keyless(signaturetest.Options{}),
	} {
		t.Run(name, func(t *testing.T) {
			req := byKey(t, key)
			req.Identities = byIdentity(t, issuer, subject).Identities
			s.pushLayers(other.layer(signer))
			s.pushBundle(other.attest(signer))
			s.pushBundle(must(signer.SignMessage(other.manifest()))(t))
			if _, err := s.verify(signature.Config{}, req); kind(t, err) == "signed" {
				t.Error("signatures of another image were taken")
			}
			other.pushLayers(other.layer(signer))
			if _, err := other.verify(signature.Config{}, req); err != nil {
				t.Errorf("the signature isn't taken for its own image either: %v", err)
			}
		})
	}
}

// TestAlteredBundle has bundles in which one thing was changed after signing.
func TestAlteredBundle(t *testing.T) {
	tests := []struct {
		name     string
		old, new string
		want     string
	}{
		{name: "nothing", want: "signed"},
		{name: "payload", old: `"payload":"ey`, new: `"payload":"fy`, want: "invalid"},
		{name: "signature", old: `"sig":"ME`, new: `"sig":"MF`, want: "invalid"},
		{name: "promise", old: `"signedEntryTimestamp":"ME`, new: `"signedEntryTimestamp":"MF`, want: "invalid"},
		{name: "proof", old: `"rootHash":"`, new: `"rootHash":"AAAA`, want: "invalid"},
		{name: "time", old: `"integratedTime":"`, new: `"integratedTime":"1`, want: "invalid"},
		{name: "version", old: "bundle.v0.3+json", new: "bundle.v0.9+json", want: "invalid"},
		{name: "unknown fields", old: `{"mediaType"`, new: `{"surprise":1,"mediaType"`, want: "invalid"},
		{name: "certificate", old: `"rawBytes":"MII`, new: `"rawBytes":"MIJ`, want: "invalid"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			bundle := strings.ReplaceAll(string(s.attest(s.keyless(signaturetest.Options{}))), `": `, `":`)
			changed := strings.Replace(bundle, test.old, test.new, 1)
			if changed == bundle && test.old != "" {
				t.Fatalf("the bundle doesn't have %q: %s", test.old, bundle)
			}
			s.pushBundle([]byte(changed))
			_, err := s.verify(signature.Config{}, byIdentity(t, issuer, subject))
			if got := kind(t, err); got != test.want {
				t.Errorf("got %s, want %s: %v", got, test.want, err)
			}
			checkPrintable(t, err)
		})
	}
}

// TestNoSignature has images with nothing that is a signature.
func TestNoSignature(t *testing.T) {
	provenance := "https://slsa.dev/provenance/v1"
	tests := []struct {
		name string
		push func(*scene)
		says string
	}{
		{name: "nothing", push: func(*scene) {}},
		{name: "a signature tag without signatures", push: func(s *scene) { s.pushLayers() }},
		{name: "an attestation", says: provenance, push: func(s *scene) {
			statement := must(signaturetest.Statement(s.digest, provenance))(s.tb)
			bundle := must(s.keyless(signaturetest.Options{}).Attest(statement))(s.tb)
			if err := signaturetest.PushBundle(s.repository, s.digest, bundle, provenance); err != nil {
				s.tb.Fatal(err)
			}
		}},
		{name: "an attestation that poses as a signature", says: provenance, push: func(s *scene) {
			statement := must(signaturetest.Statement(s.digest, provenance))(s.tb)
			s.pushBundle(must(s.keyless(signaturetest.Options{}).Attest(statement))(s.tb))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			test.push(s)
			_, err := s.verify(signature.Config{}, byIdentity(t, issuer, subject))
			if got := kind(t, err); got != "unsigned" {
				t.Fatalf("got %s, want unsigned: %v", got, err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("the error doesn't say %q: %v", test.says, err)
			}
		})
	}
}

// TestGarbageBundles has bundles that aren't any.
func TestGarbageBundles(t *testing.T) {
	texts := []string{
		"", "{}", "[]", "null", "\x00\x1b[2J", strings.Repeat("[", 100_000), strings.Repeat(" ", 1<<20),
		`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}`,
		`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{}},"dsseEnvelope":{}}`,
		`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{}},"messageSignature":{}}`,
		`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":"AAAA"}},"messageSignature":{}}`,
		`{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"publicKey":{},"tlogEntries":[{}]},"messageSignature":{}}`,
	}
	for i, text := range texts {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			s := newScene(t)
			s.pushBundle([]byte(text))
			_, err := s.verify(signature.Config{}, byKey(t, newKey(t)))
			if got := kind(t, err); got != "invalid" && got != "unsigned" {
				t.Errorf("got %s, want invalid or unsigned: %v", got, err)
			}
			checkPrintable(t, err)
		})
	}
}
