// Package pullsecret_test reads pull secrets from a real kube-apiserver, with the very
// rights that deploy/bot/pull-secrets gives to the bot.
package pullsecret_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/internal/pullsecret"
	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/keychain"
	"github.com/towline-dev/towline/registry/registrytest"
)

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }

// namespace and secretName are the ones that deploy/ has.
const (
	namespace  = "towline-system"
	secretName = "towline-pull-secret" //nolint:gosec // the name of a Secret
)

// kubectl runs kubectl as the administrator.
func kubectl(t *testing.T, cluster *testbed.Cluster, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testbed.Kubectl(t), append([]string{"--kubeconfig", cluster.Kubeconfig}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("kubectl %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// overlay writes the overlay that the component's comment shows, and returns its folder.
func overlay(t *testing.T) string {
	t.Helper()
	module, err := testbed.ModuleDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	deploy, err := filepath.Rel(dir, filepath.Join(filepath.Dir(module), "deploy"))
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: %s\nresources: [%s/namespace, %s/bot]\ncomponents: [%s/bot/pull-secrets]\n",
		namespace, deploy, deploy, deploy)
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// asBot is the way to the cluster that the bot's Pod has.
func asBot(ctx context.Context, t *testing.T, cluster *testbed.Cluster, client kubernetes.Interface) *rest.Config {
	t.Helper()
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, "towline-bot", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c := rest.AnonymousClientConfig(cluster.Config)
	c.BearerToken = token.Status.Token
	return c
}

// dockerSecret is what `kubectl create secret docker-registry` makes.
func dockerSecret(name, host, password string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Type: corev1.SecretTypeDockerConfigJson,
		StringData: map[string]string{corev1.DockerConfigJsonKey: `{"auths": {"` + host + `": {"username": "user", "password": "` + password + `"}}}`},
	}
}

func TestPullSecrets(t *testing.T) {
	cluster := testbed.Kube(t)
	client, err := kubernetes.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	kubectl(t, cluster, "apply", "-k", overlay(t))
	server := registrytest.New(t, registrytest.Options{Username: "user", Password: "first", Token: true})
	if err := server.PushTags("acme/hello", "1.0.0", "1.1.0"); err != nil {
		t.Fatal(err)
	}
	secrets := client.CoreV1().Secrets(namespace)
	for _, s := range []*corev1.Secret{dockerSecret(secretName, server.Host(), "first"), dockerSecret("another", server.Host(), "first")} {
		if _, err := secrets.Create(t.Context(), s, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	bot := asBot(t.Context(), t, cluster, client)
	reader, err := pullsecret.New(pullsecret.Config{REST: bot})
	if err != nil {
		t.Fatal(err)
	}

	t.Run("the Pod has a token, the account gives none", func(t *testing.T) {
		got := kubectl(t, cluster, "-n", namespace, "get", "deployment/towline-bot", "serviceaccount/towline-bot",
			"-o", "jsonpath={range .items[*]}{.automountServiceAccountToken}{.spec.template.spec.automountServiceAccountToken} {end}")
		if strings.TrimSpace(got) != "true false" {
			t.Errorf("automountServiceAccountToken is %q, want true of the Pod and false of the account", got)
		}
	})
	t.Run("only what the Role names", func(t *testing.T) {
		if _, err := reader.Read(t.Context(), namespace, secretName, corev1.DockerConfigJsonKey); err != nil {
			t.Error(err)
		}
		for _, other := range []string{"another", "towline-bot", "missing"} {
			if _, err := reader.Read(t.Context(), namespace, other, "token"); !apierrors.IsForbidden(err) {
				t.Errorf("the Secret %s gives %v", other, err)
			}
		}
		_, err := reader.Secret("default", secretName).Find(t.Context(), repository(t, server), false)
		if !apierrors.IsForbidden(err) {
			t.Errorf("a Secret of another namespace gives %v", err)
		}
	})
	t.Run("a ServiceAccount's", func(t *testing.T) {
		patch := `{"imagePullSecrets": [{"name": "another"}, {"name": "` + secretName + `"}]}`
		kubectl(t, cluster, "-n", namespace, "patch", "serviceaccount", "towline-bot", "-p", patch)
		found, err := reader.ServiceAccount(namespace, "towline-bot").Find(t.Context(), repository(t, server), false)
		if err != nil || found.Password != "first" {
			t.Errorf("the account's gives user %q, %v", found.Username, err)
		}
	})
	t.Run("a changed password", func(t *testing.T) { changed(t, server, client, bot) })
	t.Run("the program", func(t *testing.T) { program(t, server, bot) })
}

func repository(t *testing.T, server *registrytest.Server) name.Repository {
	t.Helper()
	repo, err := name.NewRepository(server.Host() + "/acme/hello")
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

// changed gives a new password to both sides: the refusal makes the Secret be read anew.
func changed(t *testing.T, server *registrytest.Server, client kubernetes.Interface, bot *rest.Config) {
	// Read long ago, but not too long: the clock stands between a moment and the end of a life.
	clock := newClock()
	reader, err := pullsecret.New(pullsecret.Config{REST: bot, Now: clock.now})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keychain.New(keychain.Config{Hosts: map[string]keychain.Source{server.Host(): reader.Secret(namespace, secretName)}})
	if err != nil {
		t.Fatal(err)
	}
	registries, err := registry.New(registry.Config{Keychain: keys, Hosts: map[string]registry.HostConfig{server.Host(): {PlainHTTP: true}}})
	if err != nil {
		t.Fatal(err)
	}
	list := func() error { _, err := registries.Tags(t.Context(), server.Host()+"/acme/hello"); return err }
	if err := list(); err != nil {
		t.Fatal(err)
	}
	server.SetPassword("second")
	server.ExpireTokens()
	secret := dockerSecret(secretName, server.Host(), "second")
	if _, err := client.CoreV1().Secrets(namespace).Update(t.Context(), secret, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	clock.pass()
	if err := list(); err == nil {
		t.Fatal("the old password is still taken")
	}
	if err := list(); err != nil {
		t.Errorf("with the new password: %v", err)
	}
}

// program runs `towline scan` as it would run in the bot's Pod.
func program(t *testing.T, server *registrytest.Server, bot *rest.Config) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	image := server.Host() + "/acme/hello"
	write("deploy/policy.yaml", "apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata: {name: hello}\nspec: {image: \""+image+"\", policy: {semver: {range: 1.x}}}\n")
	write("deploy/web.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: \""+image+":1.0.0\"}]}\n")
	config := write("bot.yaml", `apiVersion: towline.dev/v1
kind: BotConfig
registries:
- {host: "`+server.Host()+`", plainHTTP: true, auth: {pullSecret: {namespace: `+namespace+`, name: `+secretName+`}}}
`)
	kubeconfig := write("kubeconfig", kubeconfigOf(t, bot))
	cmd := exec.CommandContext(t.Context(), testbed.Towline(t), "scan", filepath.Join(dir, "deploy"), "--registry-config", config)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "HOME="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), " 1.1.0 ") {
		t.Errorf("towline scan: %v\n%s", err, out)
	}
}

func kubeconfigOf(t *testing.T, c *rest.Config) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "bot",
		"clusters": []any{map[string]any{"name": "bot", "cluster": map[string]any{"server": c.Host, "certificate-authority-data": c.CAData, "certificate-authority": c.CAFile}}},
		"users":    []any{map[string]any{"name": "bot", "user": map[string]any{"token": c.BearerToken}}},
		"contexts": []any{map[string]any{"name": "bot", "context": map[string]any{"cluster": "bot", "user": "bot"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
