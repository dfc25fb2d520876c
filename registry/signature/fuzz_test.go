package signature_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/signature"
	"github.com/towline-dev/towline/registry/signature/signaturetest"
)

// FuzzVerify gives what strangers may push: a bundle, and a signature layer's
// text and annotations. Whatever it is, it isn't a signature by a key and an
// identity that signed nothing; it ends in one kind of error, and nothing panics.
func FuzzVerify(f *testing.F) {
	sigstore := must(signaturetest.New())(f)
	digest := digestOf("image")
	signer := must(sigstore.Keyless(issuer, subject, signaturetest.Options{Timestamped: true}))(f)
	text := must(signaturetest.Payload("r.test/app", digest))(f)
	l := must(signer.Layer(text))(f)
	bundle := must(signer.Attest(must(signaturetest.Statement(digest, signaturetest.SignPredicate))(f)))(f)
	message := must(signer.SignMessage([]byte("image")))(f)
	note := func(name string) string { return l.Annotations["dev.sigstore.cosign/"+name] }
	sig := l.Annotations["dev.cosignproject.cosign/signature"]
	f.Add(bundle, text, sig, note("certificate"), note("chain"), note("bundle"), note("rfc3161timestamp"))
	f.Add(message, text, sig, "", "", note("bundle"), "")

	verifier := must(signature.New(signature.Config{TrustRoot: must(sigstore.TrustRoot())(f)}))(f)
	req := byKey(f, newKey(f))
	req.Identities = byIdentity(f, issuer, "somebody@else.test").Identities
	f.Fuzz(func(t *testing.T, bundle, text []byte, sig, certificate, chain, entry, stamp string) {
		list := func(mediaType string, body []byte, annotations map[string]string) string {
			return string(must(json.Marshal(map[string]any{"layers": []any{
				map[string]any{"mediaType": mediaType, "digest": digestOf(string(body)), "annotations": annotations},
			}}))(t))
		}
		referrer := list("application/vnd.dev.sigstore.bundle.v0.3+json", bundle, nil)
		src := &store{
			err:       registry.ErrNotFound,
			referrers: []registry.Referrer{{Digest: digestOf(referrer)}},
			blobs:     map[string]string{digestOf(string(bundle)): string(bundle), digestOf(string(text)): string(text)},
			manifests: map[string]string{
				digest: "image", digestOf(referrer): referrer,
				strings.Replace(digest, ":", "-", 1) + ".sig": list("application/vnd.dev.cosign.simplesigning.v1+json", text, map[string]string{
					"dev.cosignproject.cosign/signature": sig, "dev.sigstore.cosign/certificate": certificate,
					"dev.sigstore.cosign/chain": chain, "dev.sigstore.cosign/bundle": entry, "dev.sigstore.cosign/rfc3161timestamp": stamp,
				}),
			},
		}
		_, err := verifier.Verify(t.Context(), src, "r.test/app", digest, req)
		if got := kind(t, err); got == "signed" || got == "registry" || got == "config" {
			t.Errorf("got %s: %v", got, err)
		}
		checkPrintable(t, err)
	})
}
