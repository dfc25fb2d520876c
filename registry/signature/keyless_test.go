package signature_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/towline-dev/towline/registry/signature"
	"github.com/towline-dev/towline/registry/signature/signaturetest"
)

func TestKeylessIsAccepted(t *testing.T) {
	loggedAt := time.Now().Truncate(time.Second)
	want := signature.Verdict{
		Issuer: issuer, Subject: subject, Logged: true, Time: loggedAt, Witness: signature.TransparencyLog,
	}
	options := signaturetest.Options{LoggedAt: loggedAt}
	tests := []struct {
		name   string
		push   func(*scene)
		format signature.Format
	}{
		{name: "signature tag", format: signature.SignatureTag, push: func(s *scene) { s.pushLayers(s.layer(s.keyless(options))) }},
		{name: "bundle of a statement", format: signature.Bundle, push: func(s *scene) { s.pushBundle(s.attest(s.keyless(options))) }},
		{name: "bundle of the manifest", format: signature.Bundle, push: func(s *scene) {
			s.pushBundle(must(s.keyless(options).SignMessage(s.manifest()))(s.tb))
		}},
		{name: "after signatures of others and an attestation", format: signature.SignatureTag, push: func(s *scene) {
			other := must(s.sigstore.Keyless(issuer, "mallory@example.test", options))(s.tb)
			provenance := must(signaturetest.Statement(s.digest, "https://slsa.dev/provenance/v1"))(s.tb)
			s.pushBundle(must(other.Attest(provenance))(s.tb))
			s.pushBundle(s.attest(other))
			s.pushLayers(s.layer(other), s.layer(signaturetest.KeySigner(newKey(s.tb))), s.layer(s.keyless(options)))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			test.push(s)
			got, err := s.verify(signature.Config{}, byIdentity(t, issuer, subject))
			if err != nil {
				t.Fatal(err)
			}
			want := want
			want.Format = test.format
			if diff := cmp.Diff(want, got, cmpopts.EquateApproxTime(0)); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

// TestKeylessIsRefused changes one thing of a good signature at a time. Each case
// runs in both formats.
func TestKeylessIsRefused(t *testing.T) {
	hour := time.Now().Add(-50 * time.Minute)
	tests := []struct {
		name            string
		options         signaturetest.Options
		config          signature.Config
		issuer, subject string // required, of the good signer when empty
		want            string
		says            string
	}{
		{name: "nothing", want: "signed"},
		{name: "subject", subject: "bob@example.test", want: "others", says: `"alice@example.test" (issuer "https://accounts.example.test")`},
		{name: "subject in part", subject: "alice@example.tes", want: "others"},
		{name: "subject by an expression that fits a part", subject: "/alice/", want: "others"},
		{name: "issuer", issuer: "https://accounts.example.test/other", want: "others", says: `"alice@example.test"`},
		{name: "certificate that has expired, signed in its time", want: "signed",
			options: signaturetest.Options{IssuedAt: hour, LoggedAt: hour.Add(time.Minute)}},
		{name: "signed after the certificate's end", want: "invalid",
			options: signaturetest.Options{IssuedAt: hour, LoggedAt: hour.Add(11 * time.Minute)}},
		{name: "signed before the certificate's begin", want: "invalid",
			options: signaturetest.Options{LoggedAt: hour}},
		{name: "no log entry", options: signaturetest.Options{NoEntry: true}, want: "invalid", says: "log"},
		{name: "no log entry, but a timestamp", options: signaturetest.Options{NoEntry: true, Timestamped: true}, want: "invalid", says: "log"},
		{name: "no log entry, but a timestamp, which is enough", want: "signed", config: signature.Config{NoLog: true},
			options: signaturetest.Options{NoEntry: true, Timestamped: true}},
		{name: "a log entry where a timestamp is asked for", want: "invalid", config: signature.Config{NoLog: true}},
		{name: "a timestamp after the certificate's end", want: "invalid", config: signature.Config{NoLog: true},
			options: signaturetest.Options{IssuedAt: hour, NoEntry: true, Timestamped: true}},
		{name: "no certificate transparency", options: signaturetest.Options{NoSCT: true}, want: "invalid", says: "SCT"},
		{name: "no certificate transparency, which is enough", options: signaturetest.Options{NoSCT: true},
			config: signature.Config{NoSCT: true}, want: "signed"},
	}
	formats := map[string]func(*scene, *signaturetest.Signer){
		"tag":    func(s *scene, signer *signaturetest.Signer) { s.pushLayers(s.layer(signer)) },
		"bundle": func(s *scene, signer *signaturetest.Signer) { s.pushBundle(s.attest(signer)) },
		"message": func(s *scene, signer *signaturetest.Signer) {
			s.pushBundle(must(signer.SignMessage(s.manifest()))(s.tb))
		},
	}
	for _, test := range tests {
		for format, push := range formats {
			t.Run(test.name+"/"+format, func(t *testing.T) {
				s := newScene(t)
				push(s, s.keyless(test.options))
				_, err := s.verify(test.config, byIdentity(t, or(test.issuer, issuer), or(test.subject, subject)))
				if got := kind(t, err); got != test.want {
					t.Fatalf("got %s, want %s: %v", got, test.want, err)
				}
				if err != nil && !strings.Contains(err.Error(), test.says) {
					t.Errorf("the error doesn't say %q: %v", test.says, err)
				}
			})
		}
	}
}

// TestKeylessOfTheSecondLog has what cosign 3 makes by default: the log's second
// version tells no time, so that a timestamp has to.
func TestKeylessOfTheSecondLog(t *testing.T) {
	s := newScene(t)
	bundle := must(s.sigstore.AttestSecond(issuer, subject, s.statement()))(t)
	s.pushBundle(bundle)
	got, err := s.verify(signature.Config{NoSCT: true}, byIdentity(t, issuer, subject))
	if err != nil {
		t.Fatal(err)
	}
	want := signature.Verdict{
		Issuer: issuer, Subject: subject, Format: signature.Bundle, Logged: true, Time: got.Time, Witness: signature.TimestampAuthority,
	}
	if diff := cmp.Diff(want, got); diff != "" || time.Since(got.Time) > time.Minute {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
	for name, part := range map[string]string{"without a timestamp": "timestampVerificationData", "without an entry": "tlogEntries"} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.pushBundle(withoutMaterial(t, must(s.sigstore.AttestSecond(issuer, subject, s.statement()))(t), part))
			if _, err := s.verify(signature.Config{NoSCT: true}, byIdentity(t, issuer, subject)); kind(t, err) != "invalid" {
				t.Errorf("got %v, want an invalid signature", err)
			}
		})
	}
}

// withoutMaterial gives a bundle without a part of what vouches for it.
func withoutMaterial(tb testing.TB, bundle []byte, part string) []byte {
	tb.Helper()
	var parts map[string]any
	if err := json.Unmarshal(bundle, &parts); err != nil {
		tb.Fatal(err)
	}
	material, ok := parts["verificationMaterial"].(map[string]any)
	if _, has := material[part]; !ok || !has {
		tb.Fatalf("the bundle has no %s", part)
	}
	delete(material, part)
	return must(json.Marshal(parts))(tb)
}

// TestKeylessOfAnotherSigstore signs with services that aren't in the trust root.
func TestKeylessOfAnotherSigstore(t *testing.T) {
	s, stranger := newScene(t), must(signaturetest.New())(t)
	signer := must(stranger.Keyless(issuer, subject, signaturetest.Options{}))(t)
	s.pushBundle(s.attest(signer))
	s.pushLayers(s.layer(signer))
	_, err := s.verify(signature.Config{}, byIdentity(t, issuer, subject))
	if got := kind(t, err); got != "invalid" {
		t.Fatalf("got %s, want invalid: %v", got, err)
	}
}

// TestKeylessOfACertificateOfOthers has a trusted log and a trusted transparency
// log vouch for a certificate of an authority that nobody trusts.
func TestKeylessOfACertificateOfOthers(t *testing.T) {
	s, stranger := newScene(t), must(signaturetest.New())(t)
	s.pushLayers(s.layer(must(s.sigstore.KeylessOf(stranger, issuer, subject))(t)))
	s.pushBundle(s.attest(must(s.sigstore.KeylessOf(stranger, issuer, subject))(t)))
	_, err := s.verify(signature.Config{NoSCT: true}, byIdentity(t, issuer, subject))
	if got := kind(t, err); got != "invalid" {
		t.Fatalf("got %s, want invalid: %v", got, err)
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
