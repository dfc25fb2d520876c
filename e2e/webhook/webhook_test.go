// Package webhook_test has real registries announce pushes to a running bot, which has
// a day to go until it would look by itself.
package webhook_test

import (
	"net/url"
	"os"
	"testing"

	"code.gitea.io/sdk/gitea"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }

const key = "e2e-webhook-secret"

// push pushes a new image, with two layers.
func push(t *testing.T, image, tag string, auth authn.Authenticator) {
	t.Helper()
	ref, err := name.NewTag(image+":"+tag, name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	content, err := random.Image(1<<10, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, content, remote.WithAuth(auth), remote.WithContext(t.Context())); err != nil {
		t.Fatal(err)
	}
}

// TestDistributionAnnouncesAPush holds that a push to CNCF distribution's registry is
// proposed at once, over its notifications.
func TestDistributionAnnouncesAPush(t *testing.T) {
	t.Parallel()
	address := testbed.FreeAddress(t)
	registry := testbed.DistributionWith(t, testbed.RegistryOptions{
		Notify: "http://" + address + "/webhooks/distribution", Authorization: "Bearer " + key,
	})
	image := registry.Host + "/hello"
	s := newScene(t, address, image)
	push(t, image, "1.0.0", authn.Anonymous) // nobody hears of this one until later
	s.startBot(registry.Host, "{type: distribution, secretEnv: WEBHOOK_SECRET}", key)
	s.wantNoPullRequest()
	push(t, image, "1.1.0", authn.Anonymous)
	s.awaitPullRequest("1.1.0", `towline_registry_webhooks_total{result="accepted",type="distribution"}`)
}

// TestGiteaAnnouncesAPush is the same with the registry of Gitea, whose webhook is signed.
func TestGiteaAnnouncesAPush(t *testing.T) {
	t.Parallel()
	forge := testbed.Gitea(t)
	u, err := url.Parse(forge.URL)
	if err != nil {
		t.Fatal(err)
	}
	image := u.Host + "/" + forge.User + "/hello"
	auth := &authn.Basic{Username: forge.User, Password: forge.Token}
	push(t, image, "1.0.0", auth)

	address := testbed.FreeAddress(t)
	s := newScene(t, address, image)
	s.startBot(u.Host, "{type: gitea, secretEnv: WEBHOOK_SECRET}", key)
	client, err := forge.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = client.CreateMyHook(gitea.CreateHookOption{
		Type: gitea.HookTypeGitea, Active: true, Events: []string{"package"},
		Config: map[string]string{"url": "http://" + address + "/webhooks/gitea", "content_type": "json", "secret": key},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.wantNoPullRequest()
	push(t, image, "1.1.0", auth)
	s.awaitPullRequest("1.1.0", `towline_registry_webhooks_total{result="accepted",type="gitea"}`)
}
