package signature_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/towline-dev/towline/registry/signature"
	"github.com/towline-dev/towline/registry/signature/signaturetest"
)

func keys(tb testing.TB) map[string]crypto.Signer {
	tb.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]crypto.Signer{
		"P-256": newKey(tb),
		"P-384": must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(tb),
		"P-521": must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))(tb),
		"RSA":   must(rsa.GenerateKey(rand.Reader, 2048))(tb), "Ed25519": ed,
	}
}

func TestKeyIsAccepted(t *testing.T) {
	formats := map[string]struct {
		format signature.Format
		push   func(*scene, *signaturetest.Signer)
	}{
		"tag":    {signature.SignatureTag, func(s *scene, signer *signaturetest.Signer) { s.pushLayers(s.layer(signer)) }},
		"bundle": {signature.Bundle, func(s *scene, signer *signaturetest.Signer) { s.pushBundle(s.attest(signer)) }},
		"message": {signature.Bundle, func(s *scene, signer *signaturetest.Signer) {
			s.pushBundle(must(signer.SignMessage(s.manifest()))(s.tb))
		}},
	}
	for name, key := range keys(t) {
		for format, f := range formats {
			t.Run(name+"/"+format, func(t *testing.T) {
				s := newScene(t)
				f.push(s, signaturetest.KeySigner(key))
				got, err := s.verify(signature.Config{}, byKey(t, key))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(signature.Verdict{Key: "release", Format: f.format}, got); diff != "" {
					t.Errorf("verdict (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestKeyAndLog has signatures by a key that are logged, or not, or wrongly.
func TestKeyAndLog(t *testing.T) {
	loggedAt := time.Now().Truncate(time.Second)
	logged := signature.Verdict{Key: "release", Logged: true, Time: loggedAt, Witness: signature.TransparencyLog}
	unlogged := signature.Verdict{Key: "release"}
	options := signaturetest.Options{LoggedAt: loggedAt}
	stranger := must(signaturetest.New())(t)
	none := []byte{} // no trust root
	tests := []struct {
		name   string
		config signature.Config
		signer func(*scene, crypto.Signer) *signaturetest.Signer
		want   string
		says   signature.Verdict
	}{
		{name: "logged", want: "signed", says: logged, signer: func(s *scene, key crypto.Signer) *signaturetest.Signer {
			return s.sigstore.KeySigner(key, options)
		}},
		{name: "logged, which is asked for", want: "signed", says: logged, config: signature.Config{LogKeys: true},
			signer: func(s *scene, key crypto.Signer) *signaturetest.Signer { return s.sigstore.KeySigner(key, options) }},
		{name: "logged, but who knows the log", want: "signed", says: unlogged, config: signature.Config{TrustRoot: none},
			signer: func(s *scene, key crypto.Signer) *signaturetest.Signer { return s.sigstore.KeySigner(key, options) }},
		{name: "not logged", want: "signed", says: unlogged,
			signer: func(_ *scene, key crypto.Signer) *signaturetest.Signer { return signaturetest.KeySigner(key) }},
		{name: "not logged, which is asked for", want: "invalid", config: signature.Config{LogKeys: true},
			signer: func(_ *scene, key crypto.Signer) *signaturetest.Signer { return signaturetest.KeySigner(key) }},
		{name: "logged elsewhere", want: "invalid",
			signer: func(_ *scene, key crypto.Signer) *signaturetest.Signer { return stranger.KeySigner(key, options) }},
		{name: "timestamped elsewhere", want: "invalid", signer: func(_ *scene, key crypto.Signer) *signaturetest.Signer {
			return stranger.KeySigner(key, signaturetest.Options{NoEntry: true, Timestamped: true})
		}},
	}
	for _, test := range tests {
		for _, format := range []signature.Format{signature.SignatureTag, signature.Bundle} {
			t.Run(test.name+"/"+string(format), func(t *testing.T) {
				s, key := newScene(t), newKey(t)
				if signer := test.signer(s, key); format == signature.Bundle {
					s.pushBundle(s.attest(signer))
				} else {
					s.pushLayers(s.layer(signer))
				}
				verdict, err := s.verify(test.config, byKey(t, key))
				if got := kind(t, err); got != test.want {
					t.Fatalf("got %s, want %s: %v", got, test.want, err)
				}
				if want := test.says; err == nil {
					want.Format = format
					if diff := cmp.Diff(want, verdict, cmpopts.EquateApproxTime(0)); diff != "" {
						t.Errorf("verdict (-want +got):\n%s", diff)
					}
				}
			})
		}
	}
}

func TestKeyOfOthers(t *testing.T) {
	for name, key := range keys(t) {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.pushBundle(s.attest(signaturetest.KeySigner(key)))
			s.pushLayers(s.layer(signaturetest.KeySigner(key)))
			_, err := s.verify(signature.Config{}, byKey(t, newKey(t)))
			if got := kind(t, err); got != "others" {
				t.Fatalf("got %s, want others: %v", got, err)
			}
		})
	}
}

// TestOneOfSeveral takes the signature of any key or identity that is named.
func TestOneOfSeveral(t *testing.T) {
	s, first, second := newScene(t), newKey(t), newKey(t)
	s.pushLayers(s.layer(signaturetest.KeySigner(second)))
	req := byKey(t, first)
	req.Keys = append(req.Keys, must(signature.NewKey("second", must(signaturetest.PublicKey(second))(t)))(t))
	req.Identities = byIdentity(t, issuer, subject).Identities
	if got, err := s.verify(signature.Config{}, req); err != nil || got.Key != "second" {
		t.Errorf("got %+v, want a signature with the second key: %v", got, err)
	}
	s.pushLayers(s.layer(s.keyless(signaturetest.Options{})))
	if got, err := s.verify(signature.Config{}, req); err != nil || got.Subject != subject {
		t.Errorf("got %+v, want a signature by %s: %v", got, subject, err)
	}
}
