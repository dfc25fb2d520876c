package signature_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/signature"
)

func TestCosign(t *testing.T) {
	b := newBench(t)
	formats := []struct {
		flag   string
		format signature.Format
	}{
		{"--new-bundle-format=false", signature.SignatureTag},
		{"--new-bundle-format=true", signature.Bundle},
	}
	for _, kind := range []string{"generated", "P-384", "RSA", "Ed25519"} {
		key := b.key(t, kind)
		for _, f := range formats {
			t.Run(kind+"/"+string(f.format), func(t *testing.T) {
				repository, digest := b.push(t)
				if _, err := b.verify(t, repository, digest, key); !errors.Is(err, signature.ErrUnsigned) {
					t.Fatalf("before signing: got %v, want ErrUnsigned", err)
				}
				b.cosign(t, "sign", "--key", key+".key", "--yes", "--tlog-upload=false", "--use-signing-config=false", f.flag, repository+"@"+digest)
				verdict, err := b.verify(t, repository, digest, key)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(signature.Verdict{Key: "release", Format: f.format}, verdict); diff != "" {
					t.Errorf("verdict (-want +got):\n%s", diff)
				}
				if _, err := b.verify(t, repository, digest, b.key(t, "generated")); !errors.Is(err, signature.ErrOthers) {
					t.Errorf("by another key: got %v, want ErrOthers", err)
				}
			})
		}
	}
}

func TestCosignAttestation(t *testing.T) {
	b := newBench(t)
	repository, digest := b.push(t)
	key := b.key(t, "generated")
	predicate := filepath.Join(b.dir, "predicate.json")
	if err := os.WriteFile(predicate, []byte(`{"builder":{"id":"test"},"buildType":"test"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	b.cosign(t, "attest", "--key", key+".key", "--yes", "--tlog-upload=false", "--use-signing-config=false",
		"--new-bundle-format=true", "--type", "slsaprovenance", "--predicate", predicate, repository+"@"+digest)
	if _, err := b.verify(t, repository, digest, key); !errors.Is(err, signature.ErrUnsigned) {
		t.Errorf("got %v, want ErrUnsigned", err)
	} else if !strings.Contains(err.Error(), "slsa.dev/provenance") {
		t.Errorf("the attestation isn't told of: %v", err)
	}
}

// bench is a registry, and cosign with a home of its own.
type bench struct {
	registry *testbed.Registry
	program  string
	dir      string
	client   *registry.Client
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{program: testbed.Cosign(t), registry: testbed.Distribution(t), dir: t.TempDir()}
	var err error
	b.client, err = registry.New(registry.Config{
		Keychain: authn.NewMultiKeychain(),
		Hosts:    map[string]registry.HostConfig{b.registry.Host: {PlainHTTP: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// push pushes an image that no other test has.
func (b *bench) push(t *testing.T) (repository, digest string) {
	t.Helper()
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.NewTag(b.registry.Host + "/acme/app:1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image, remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
	return ref.Repository.Name(), hash.String()
}

// key makes a pair of keys and returns its path without ".key" and ".pub".
func (b *bench) key(t *testing.T, kind string) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "release")
	if kind == "generated" {
		b.cosign(t, "generate-key-pair", "--output-key-prefix", path)
		return path
	}
	der, err := x509.MarshalPKCS8PrivateKey(newKey(t, kind))
	if err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(dir, "plain.pem")
	if err := os.WriteFile(plain, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	b.cosign(t, "import-key-pair", "--key", plain, "--output-key-prefix", path)
	return path
}

func newKey(t *testing.T, kind string) (key crypto.Signer) {
	t.Helper()
	var err error
	switch kind {
	case "P-384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "RSA":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "Ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		t.Fatalf("no such kind of key: %s", kind)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (b *bench) cosign(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, b.program, args...)
	command.Dir = b.dir
	command.Env = []string{"HOME=" + b.dir, "COSIGN_PASSWORD=", "PATH=" + os.Getenv("PATH")}
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("cosign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (b *bench) verify(t *testing.T, repository, digest, key string) (signature.Verdict, error) {
	t.Helper()
	text, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	public, err := signature.NewKey("release", text)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := signature.New(signature.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return verifier.Verify(t.Context(), b.client, repository, digest, signature.Requirement{Keys: []signature.Key{public}})
}
