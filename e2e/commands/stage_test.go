// Package commands_test runs the commands that a person has for Syncs, the program as it
// is built, against a real control plane, a running reconciler and a forge.
package commands_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/gitwriter/forge/forgetest"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// patience bounds every wait of these tests; none takes as long unless it fails.
const patience = time.Minute

func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }

// stage is a namespace with a reconciler of its own, a repository, and a person whose
// kubeconfig points at the namespace.
type stage struct {
	*testing.T
	cluster    *testbed.Cluster
	namespace  string
	client     client.WithWatch
	forge      *forgetest.Server
	repo       *forgetest.Repo
	program    string
	kubeconfig string
	home       string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	cluster := testbed.Kube(t)
	s := &stage{T: t, cluster: cluster, namespace: cluster.Namespace(t), program: testbed.Towline(t), forge: forgetest.Start(t, forgetest.Config{}), home: t.TempDir()}
	var err error
	s.repo, err = s.forge.CreateRepo("acme", "deploy")
	s.must(err)
	s.connect()
	s.cluster.InstallSyncs(s)
	s.cluster.Deployer(s, s.namespace)
	s.kubeconfig = s.context(s.namespace)
	s.reconciler()
	return s
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *stage) connect() {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1.AddToScheme, corev1.AddToScheme, rbacv1.AddToScheme, apiextensions.AddToScheme} {
		s.must(add(scheme))
	}
	var err error
	s.client, err = client.NewWithWatch(s.cluster.Config, client.Options{Scheme: scheme})
	s.must(err)
}

// context writes a kubeconfig whose current context has a namespace.
func (s *stage) context(namespace string) string {
	s.Helper()
	config, err := clientcmd.LoadFromFile(s.cluster.Kubeconfig)
	s.must(err)
	config.Contexts[config.CurrentContext].Namespace = namespace
	path := filepath.Join(s.TempDir(), "kubeconfig")
	s.must(clientcmd.WriteToFile(*config, path))
	return path
}

// reconciler runs the program's reconciler for the namespace until the test ends.
func (s *stage) reconciler() {
	s.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(s.Context())) // it is to end before the test's own context tells it to
	cmd := exec.CommandContext(ctx, s.program, "reconciler", "--kubeconfig", s.cluster.Kubeconfig, "--namespace", s.namespace, "--cache-dir", s.TempDir())
	var log bytes.Buffer
	cmd.Stderr, cmd.Stdout = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 20 * time.Second
	s.must(cmd.Start())
	s.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was told to end
		if s.Failed() {
			s.Logf("log of the reconciler:\n%s", log.String())
		}
	})
}

// result is what a command has printed, and its exit code.
type result struct {
	stdout, stderr string
	code           int
}

// run runs the program as the person does, in a folder.
func (s *stage) run(dir string, args ...string) result {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + s.home, "PATH=" + os.Getenv("PATH"), "KUBECONFIG=" + s.kubeconfig, "TOWLINE_TOKEN=" + forgetest.Token}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		s.Fatalf("running towline %q: %v", args, err)
	}
	r := result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	s.Logf("$ towline %s   (exit %d)\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	return r
}

// towline runs a command that must exit with a code, and gives what it prints.
func (s *stage) towline(code int, args ...string) result {
	s.Helper()
	r := s.run(s.home, args...)
	if r.code != code {
		s.Fatalf("towline %q exits with %d, want %d:\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// newSync makes a Sync of the repository's folder "app".
func (s *stage) newSync(name string, change ...func(*v1.Sync)) {
	s.Helper()
	sync := &v1.Sync{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: name},
		Spec: v1.SyncSpec{
			Source: v1.Source{URL: s.repo.CloneURL(), Branch: "main", Path: "app"}, Prune: true, ServiceAccountName: "deployer",
			Interval: metav1.Duration{Duration: time.Hour}, Timeout: metav1.Duration{Duration: 30 * time.Second},
		},
	}
	for _, c := range change {
		c(sync)
	}
	s.must(s.client.Create(s.Context(), sync))
}

func (s *stage) commit(message string, files map[string]string, deletes ...string) string {
	s.Helper()
	sha, err := s.repo.Commit(forgetest.Commit{Branch: "main", Message: message, Files: files, Deletes: deletes})
	s.must(err)
	return sha
}

// plain takes out of an output what differs from run to run.
func (s *stage) plain(text string) string {
	text = strings.ReplaceAll(text, s.namespace, "NS")
	for _, each := range []struct{ find, put string }{
		{`web-[0-9a-z]+(-[0-9a-z]{5})?\b`, "web-ID"},
		{`https?://127\.0\.0\.1:[0-9]+`, "HOST"},
		{`\b[0-9a-f]{40}\b`, "HASH"}, {`\b[0-9a-f]{8}\b`, "HASH"}, {`applyset-[A-Za-z0-9_-]{43}-v1`, "SET"},
		{`(  |for )[0-9]+[smh]([0-9]+s)?( |\n)`, "${1}AGE${3}"}, {` {2,}`, "  "}, {` +\n`, "\n"},
	} {
		text = regexp.MustCompile(each.find).ReplaceAllString(text, each.put)
	}
	return text
}

// git runs git in the forge's repository.
func (s *stage) git(args ...string) string {
	s.Helper()
	out, err := exec.CommandContext(s.Context(), "git", append([]string{"-C", s.repo.Dir()}, args...)...).Output()
	if err != nil {
		s.Fatalf("git %q: %v", args, err)
	}
	return string(out)
}
