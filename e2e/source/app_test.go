package source_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/e2e/testbed/process"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestGitHubApp has the program itself read a private repository as an App, whose key is
// another's at first.
func TestGitHubApp(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	s.must(err)
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	s.must(err)
	server := forgetest.Start(t, forgetest.Config{Apps: []forgetest.App{{ID: 11, InstallationID: 22, Slug: "towline", Key: &private.PublicKey}}})
	repo, err := server.CreateRepo("acme", "deploy")
	s.must(err)
	repo.SetPrivate(true)
	head, err := repo.Commit(forgetest.Commit{Branch: "main", Message: "One", Files: one("1")})
	s.must(err)

	log := filepath.Join(t.TempDir(), "log")
	program, err := process.Start(process.Spec{
		Name: "towline reconciler", Path: testbed.Towline(t), Dir: t.TempDir(), Log: log,
		Args: []string{"reconciler", "--kubeconfig", testbed.Kube(t).Kubeconfig, "--namespace", s.namespace, "--cache-dir", s.cache},
	})
	s.must(err)
	t.Cleanup(func() {
		program.Stop()
		text, err := os.ReadFile(log)
		if err != nil || strings.Contains(string(text), "ghs_") || strings.Contains(string(text), "PRIVATE KEY") {
			t.Errorf("the log holds a credential, or can't be read: %v", err)
		}
		if t.Failed() {
			t.Logf("the log of the program:\n%s", text)
		}
	})

	app := func(key *rsa.PrivateKey) map[string]string {
		text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
		return map[string]string{"githubAppID": "11", "githubAppInstallationID": "22", "githubAppPrivateKey": string(text)}
	}
	s.sync("app", v1.Source{URL: repo.CloneURL(), SecretRef: s.secret("app", map[string]string{
		"githubAppID": "eleven", "githubAppInstallationID": "22", "githubAppPrivateKey": "x",
	})}, folder)
	s.fails("app", v1.ReasonAuthentication, "githubAppID isn't a number")
	s.secret("app", app(foreign))
	s.fails("app", v1.ReasonAuthentication, "asking for a token")
	s.secret("app", app(private))
	s.ready("app", "main@sha1:"+head)
}
