package signature_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
	"github.com/towline-dev/towline/registry/signature"
	"github.com/towline-dev/towline/registry/signature/signaturetest"
)

const (
	issuer  = "https://accounts.example.test"
	subject = "alice@example.test"
)

// scene is an image in a registry, and the services that sign it.
type scene struct {
	tb         testing.TB
	server     *registrytest.Server
	repository string // with its host
	digest     string
	sigstore   *signaturetest.Sigstore
	trustRoot  []byte
}

func newScene(tb testing.TB) *scene {
	tb.Helper()
	server := registrytest.New(tb, registrytest.Options{})
	digest := must(server.Push("acme/app", "1.0.0", time.Unix(1e9, 0), nil))(tb)
	sigstore := must(signaturetest.New())(tb)
	return &scene{
		tb: tb, server: server, repository: server.Host() + "/acme/app", digest: digest,
		sigstore: sigstore, trustRoot: must(sigstore.TrustRoot())(tb),
	}
}

// must gives what a call returned, and ends the test if it failed.
func must[T any](value T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return value
	}
}

// client is the real client of registries.
func (s *scene) client() *registry.Client {
	s.tb.Helper()
	return must(registry.New(registry.Config{
		Keychain: authn.NewMultiKeychain(), Retries: -1,
		Hosts: map[string]registry.HostConfig{s.server.Host(): {PlainHTTP: true, QPS: 1e6, Burst: 1e6}},
	}))(s.tb)
}

// verify asks the registry, with the scene's trust root unless the configuration
// has one of its own.
func (s *scene) verify(c signature.Config, req signature.Requirement) (signature.Verdict, error) {
	s.tb.Helper()
	if c.TrustRoot == nil {
		c.TrustRoot = s.trustRoot
	}
	return must(signature.New(c))(s.tb).Verify(s.tb.Context(), s.client(), s.repository, s.digest, req)
}

// keyless makes a signer for our identity.
func (s *scene) keyless(o signaturetest.Options) *signaturetest.Signer {
	s.tb.Helper()
	return must(s.sigstore.Keyless(issuer, subject, o))(s.tb)
}

// payload is the text that says the image is signed.
func (s *scene) payload() []byte {
	s.tb.Helper()
	return must(signaturetest.Payload(s.repository, s.digest))(s.tb)
}

// layer signs the image for the signature tag.
func (s *scene) layer(signer *signaturetest.Signer) signaturetest.Layer {
	s.tb.Helper()
	return must(signer.Layer(s.payload()))(s.tb)
}

// pushLayers puts signatures under the signature tag.
func (s *scene) pushLayers(layers ...signaturetest.Layer) {
	s.tb.Helper()
	if err := signaturetest.PushLayers(s.repository, s.digest, layers...); err != nil {
		s.tb.Fatal(err)
	}
}

// statement says that the image is signed.
func (s *scene) statement() []byte {
	s.tb.Helper()
	return must(signaturetest.Statement(s.digest, signaturetest.SignPredicate))(s.tb)
}

// attest signs the image as a bundle.
func (s *scene) attest(signer *signaturetest.Signer) []byte {
	s.tb.Helper()
	return must(signer.Attest(s.statement()))(s.tb)
}

// pushBundle puts a bundle beside the image.
func (s *scene) pushBundle(bundle []byte) {
	s.tb.Helper()
	if err := signaturetest.PushBundle(s.repository, s.digest, bundle, signaturetest.SignPredicate); err != nil {
		s.tb.Fatal(err)
	}
}

// manifest is the image's own.
func (s *scene) manifest() []byte {
	s.tb.Helper()
	ref := must(name.NewDigest(s.repository + "@" + s.digest))(s.tb)
	return must(remote.Get(ref))(s.tb).Manifest
}

// newKey makes a key on P-256.
func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(tb)
}

// byKey requires the key, by the name "release".
func byKey(tb testing.TB, key crypto.Signer) signature.Requirement {
	tb.Helper()
	text := must(signaturetest.PublicKey(key))(tb)
	return signature.Requirement{Keys: []signature.Key{must(signature.NewKey("release", text))(tb)}}
}

// byIdentity requires an identity.
func byIdentity(tb testing.TB, issuer, subject string) signature.Requirement {
	tb.Helper()
	return signature.Requirement{Identities: []signature.Identity{must(signature.NewIdentity(issuer, subject))(tb)}}
}

// kind names the sentinel that an error matches, and fails when it matches several.
func kind(tb testing.TB, err error) string {
	tb.Helper()
	var found []string
	for name, sentinel := range map[string]error{
		"unsigned": signature.ErrUnsigned, "others": signature.ErrOthers, "invalid": signature.ErrInvalid,
		"registry": signature.ErrRegistry, "config": signature.ErrConfig,
	} {
		if errors.Is(err, sentinel) {
			found = append(found, name)
		}
	}
	switch {
	case err == nil:
		return "signed"
	case len(found) != 1:
		tb.Fatalf("the error is of the kinds %q, want one: %v", found, err)
	}
	return found[0]
}
