package commands_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

func manifest(name, value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {key: \"" + value + "\"}\n"
}

func web(tag string) string {
	return `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "example.com/web:` + tag + `"}]}
`
}

// equal compares an output with what is wanted, but for what differs from run to run.
func (s *stage) equal(what, got, want string) {
	s.Helper()
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), s.plain(got)); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// holds checks that an output holds each of some texts.
func (s *stage) holds(what, got string, wants ...string) {
	s.Helper()
	for _, want := range wants {
		if !strings.Contains(s.plain(got), want) {
			s.Errorf("%s lacks %q:\n%s", what, want, got)
		}
	}
}

func decode[T any](s *stage, text string) (value T) {
	s.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		s.Fatalf("decoding %s: %v", text, err)
	}
	return value
}

func TestHealthy(t *testing.T) {
	s := newStage(t)
	sha := s.commit("First", map[string]string{"app/web.yaml": web("v1"), "app/config.yaml": manifest("config", "one")})
	s.newSync("shop")
	s.equal("sync --wait", s.towline(0, "sync", "shop", "--wait").stdout, "NS/shop is ready at main@HASH\n")
	s.equal("status", s.towline(0, "status").stdout, `
NAME  READY  STATE  REVISION  OBJECTS  SINCE  MESSAGE
shop  True  -  main@HASH  2  AGE  applied main@HASH
`)
	report := s.towline(0, "status", "sync/shop").stdout
	head, rest, _ := strings.Cut(report, "Events:\n")
	events, history, _ := strings.Cut(rest, "\n\n")
	s.holds("events", events, "Normal  ReconciliationSucceeded  applied main@HASH", "all objects are healthy")
	s.equal("status NAME", head+history, `
Sync:  NS/shop
Ready:  True, ReconciliationSucceeded, for AGE
  applied main@sha1:HASH
Source:  HOST/acme/deploy.git, branch main, path app
Applied:  main@sha1:HASH

Conditions:
  Ready  True  ReconciliationSucceeded  AGE  applied main@HASH
  Healthy  True  HealthCheckSucceeded  AGE  all objects are healthy

Owns:
  ConfigMap  1
  apps/Deployment  1

History:
  main@HASH  Succeeded  AGE  applied and healthy
`)
	s.equal("tree", s.towline(0, "tree", "shop").stdout, `
OBJECT  STATUS  AGE  MESSAGE
towline.dev/Sync/NS/shop  Current  AGE  applied main@HASH
├─ core/ConfigMap/NS/config  Current  AGE  -
└─ apps/Deployment/NS/web  Current  AGE  -
  └─ apps/ReplicaSet/NS/web-ID  Current  AGE  -
  └─ core/Pod/NS/web-ID  Current  AGE  -
`)
	s.equal("history", s.towline(0, "history", "shop").stdout, "REVISION  RESULT  AGE  MESSAGE\nmain@HASH  Succeeded  AGE  applied and healthy\n")

	type row struct{ Namespace, Name, Ready, Reason, Revision string }
	want := []row{{s.namespace, "shop", "True", "ReconciliationSucceeded", "main@sha1:" + sha}}
	for _, args := range [][]string{{"status", "-o", "json"}, {"status", "-A", "-o", "json"}} {
		got := decode[[]row](s, s.towline(0, args...).stdout)
		got = slices.DeleteFunc(got, func(r row) bool { return r.Namespace != s.namespace })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", args, diff)
		}
	}
	if s.equal("completion", s.towline(0, "__complete", "tree", "sh").stdout, "shop\n:4\n"); t.Failed() {
		t.FailNow()
	}
	s.holds("an unknown name", s.towline(1, "status", "nonsense").stderr, `there is no Sync "nonsense" in namespace "NS"`)
}

func TestSuspendAndResume(t *testing.T) {
	s := newStage(t)
	s.commit("First", map[string]string{"app/config.yaml": manifest("config", "one")})
	s.newSync("shop", func(sync *v1.Sync) { sync.Labels = map[string]string{"applyset.kubernetes.io/part-of": "another"} })
	s.towline(0, "sync", "shop", "--wait")
	r := s.towline(0, "suspend", "shop", "--reason", "moving house")
	s.equal("suspend", r.stdout, "sync.towline.dev/shop suspended\n")
	s.holds("suspend of a Sync that is owned", r.stderr, "itself owned by another Sync")
	s.holds("status", s.towline(0, "status", "shop").stdout, "Suspended:  nothing is applied, pruned or healed: moving house", "Managed by: another Sync")
	s.holds("sync", s.towline(1, "sync", "shop", "--wait").stderr, "it is suspended (hint: towline resume shop -n NS)")
	s.holds("sync --all", s.towline(0, "sync", "--all", "--wait").stderr, "NS/shop is suspended and left alone")

	s.commit("Second", map[string]string{"app/config.yaml": manifest("config", "two")})
	s.equal("resume --wait", s.towline(0, "resume", "shop", "--wait").stdout, "NS/shop is ready at main@HASH\n")
	var config corev1.ConfigMap
	s.must(s.client.Get(t.Context(), client.ObjectKey{Namespace: s.namespace, Name: "config"}, &config))
	if config.Data["key"] != "two" {
		t.Errorf("the resumed Sync has applied %v", config.Data)
	}
	if out := s.towline(0, "status", "shop").stdout; strings.Contains(out, "Suspended:") {
		t.Errorf("after resume: %s", out)
	}
	s.holds("resume again", s.towline(0, "resume", "shop").stderr, "NS/shop isn't suspended")

	for _, tt := range []struct {
		args []string
		want standing
	}{
		{[]string{"suspend", "shop"}, standing{Name: "shop", Ready: "True", Reason: "ReconciliationSucceeded", Suspended: true}},
		{[]string{"resume", "shop", "--wait"}, standing{Name: "shop", Ready: "True", Reason: "ReconciliationSucceeded"}},
		{[]string{"sync", "shop", "--wait"}, standing{Name: "shop", Ready: "True", Reason: "ReconciliationSucceeded"}},
	} {
		got := decode[[]standing](s, s.towline(0, append(tt.args, "-o", "json")...).stdout)
		if diff := cmp.Diff([]standing{tt.want}, got); diff != "" {
			t.Errorf("%v -o json (-want +got):\n%s", tt.args, diff)
		}
	}
	s.equal("resume of nothing", s.towline(0, "resume", "shop", "-o", "json").stdout, "[]\n")
}

// standing is what -o json says of a Sync.
type standing struct {
	Name, Ready, Reason string
	Suspended           bool
}

// TestWaitEnds holds that a wait ends as soon as the reconciler has an answer, whatever it
// is, with the reason, and says what it waits for until then.
func TestWaitEnds(t *testing.T) {
	s := newStage(t)
	s.commit("First", map[string]string{
		"app/config.yaml": manifest("config", "one"),
		"slow/web.yaml":   strings.Replace(web("v1"), "spec: {containers", "spec: {nodeSelector: {no: node}, containers", 1),
	})
	s.newSync("back", func(sync *v1.Sync) { sync.Spec.DependsOn = []v1.Dependency{{Name: "circle"}} })
	for _, tt := range []struct {
		name   string
		change func(*v1.SyncSpec)
		want   string
	}{
		{"broken", func(spec *v1.SyncSpec) { spec.Source.Path = "nowhere" }, "BuildFailed:"},
		{"needs-nothing", func(spec *v1.SyncSpec) { spec.DependsOn = []v1.Dependency{{Name: "infra"}} }, `DependencyNotReady: dependency "infra" doesn't exist`},
		{"needs-broken", func(spec *v1.SyncSpec) { spec.DependsOn = []v1.Dependency{{Name: "broken"}} }, `DependencyNotReady: dependency "broken" isn't ready`},
		{"circle", func(spec *v1.SyncSpec) { spec.DependsOn = []v1.Dependency{{Name: "back"}} }, "DependencyCycle:"},
		{"nobody", func(spec *v1.SyncSpec) { spec.ServiceAccountName = "" }, "ServiceAccountRequired:"},
		{"locked", func(spec *v1.SyncSpec) { spec.Source.SecretRef = &v1.SecretReference{Name: "none"} }, "AuthenticationFailed:"},
		{"inputs", func(spec *v1.SyncSpec) {
			spec.Substitute = &v1.Substitute{From: []v1.SubstituteReference{{Kind: "ConfigMap", Name: "none"}}}
		}, "InputFailed:"},
		{"rules", func(spec *v1.SyncSpec) {
			spec.Ignore = []v1.IgnoreRule{{Fields: []string{"spec[["}}}
		}, "InvalidSpec:"},
	} {
		s.newSync(tt.name, func(sync *v1.Sync) { tt.change(&sync.Spec) })
		for range 2 { // the second request is answered like the first
			s.holds("the wait for "+tt.name, s.towline(1, "sync", tt.name, "--wait").stderr, "Sync NS/"+tt.name+" isn't ready: "+tt.want)
		}
	}
	s.holds("status", s.towline(0, "status", "broken").stdout, "Stalled  True  BuildFailed")
	got := decode[[]standing](s, s.towline(1, "sync", "broken", "circle", "--wait", "-o", "json").stdout)
	want := []standing{{Name: "broken", Ready: "False", Reason: "BuildFailed"}, {Name: "circle", Ready: "False", Reason: "DependencyCycle"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("two that fail, -o json (-want +got):\n%s", diff)
	}
	s.newSync("slow", func(sync *v1.Sync) { sync.Spec.Source.Path = "slow" })
	s.holds("the wait for what has no node", s.towline(1, "sync", "slow", "--wait", "--timeout", "10s").stderr,
		"NS/slow: Progressing: applied main@", "Unschedulable", "the time is over (hint: --timeout)")
}

// TestWaitForDependency holds that a dependency which is on its way is waited for.
func TestWaitForDependency(t *testing.T) {
	s := newStage(t)
	s.commit("First", map[string]string{"app/config.yaml": manifest("config", "one"), "infra/web.yaml": web("v1")})
	s.newSync("shop", func(sync *v1.Sync) { sync.Spec.DependsOn = []v1.Dependency{{Name: "infra"}} })
	s.newSync("infra", func(sync *v1.Sync) { sync.Spec.Source.Path = "infra" })
	for _, value := range []string{"two", "three"} {
		s.towline(0, "sync", "--all", "--wait")
		s.commit(value, map[string]string{"app/config.yaml": manifest("config", value), "infra/more.yaml": manifest("more", value)})
	}
	s.towline(0, "sync", "--all", "--wait")
}

func TestConsent(t *testing.T) {
	s := newStage(t)
	s.commit("First", map[string]string{"app/a.yaml": manifest("a", "1"), "app/b.yaml": manifest("b", "1"), "app/c.yaml": manifest("c", "1")})
	one := int32(1)
	s.newSync("shop", func(sync *v1.Sync) { sync.Spec.DeletionBudget.Objects = &one })
	s.towline(0, "sync", "shop", "--wait")
	s.commit("Second", nil, "app/a.yaml", "app/b.yaml")
	s.holds("sync --wait", s.towline(1, "sync", "shop", "--wait").stderr, "DeletionBudgetExceeded")
	type detail struct {
		Consent *struct{ Key, Command string }
	}
	found := decode[detail](s, s.towline(0, "status", "shop", "-o", "json").stdout).Consent
	if found == nil || !strings.HasPrefix(found.Key, "delete-") {
		t.Fatalf("consent is %+v", found)
	}
	s.holds("status", s.towline(0, "status", "shop").stdout, "Waits for consent:", "To allow it:  kubectl annotate --overwrite -n NS syncs.towline.dev/shop towline.dev/prune-consent="+found.Key)
	sync := &v1.Sync{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "shop"}}
	s.must(s.client.Get(t.Context(), client.ObjectKeyFromObject(sync), sync))
	sync.Annotations[v1.AnnotationConsent] = found.Key
	s.must(s.client.Update(t.Context(), sync))
	s.towline(0, "sync", "shop", "--wait")
	if out := s.towline(0, "status", "shop").stdout; strings.Contains(out, "Waits for consent") {
		t.Errorf("after the consent: %s", out)
	}
}
