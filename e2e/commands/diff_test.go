package commands_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// checkout writes files as a person's checkout of the repository.
func (s *stage) checkout(files map[string]string) string {
	s.Helper()
	dir := s.TempDir()
	s.must(os.Mkdir(filepath.Join(dir, ".git"), 0o700))
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		s.must(os.MkdirAll(filepath.Dir(path), 0o700))
		s.must(os.WriteFile(path, []byte(content), 0o600))
	}
	return dir
}

func password(value, extra string) string {
	return "apiVersion: v1\nkind: Secret\nmetadata: {name: password}\nstringData: {user: shop, password: " + value + extra + "}\n"
}

type difference struct{ Kind, Name, Action, Reason, Diff string }

// actions gives what would become of each object, as "Kind/name action".
func actions(all []difference) []string {
	var short []string
	for _, d := range all {
		short = append(short, d.Kind+"/"+d.Name+" "+d.Action)
	}
	slices.Sort(short)
	return short
}

func TestDiff(t *testing.T) {
	s := newStage(t)
	files := map[string]string{
		"app/web.yaml": web("v1"), "app/config.yaml": manifest("config", "one"), "app/old.yaml": manifest("old", "one"), "app/password.yaml": password("sesame-1", ""),
		"app/kept.yaml": strings.Replace(manifest("kept", "one"), "{name: kept}", "{name: kept, annotations: {towline.dev/prune: disabled}}", 1),
	}
	s.commit("First", files)
	s.newSync("shop")
	s.towline(0, "sync", "shop", "--wait")
	same := s.checkout(files)
	r := s.towline(0, "diff", "shop", "--exit-code", "--path", same)
	s.equal("diff of the same", r.stdout+r.stderr, "5 unchanged\n")

	changed := s.checkout(map[string]string{
		"app/web.yaml": web("v2"), "app/config.yaml": manifest("config", "one"), "app/new.yaml": manifest("new", "one"), "app/password.yaml": password("sesame-2", ", extra: open"),
		"app/elsewhere.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: not-yet-there}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: inside, namespace: not-yet-there}\n",
		"app/hook.yaml":      "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate, annotations: {towline.dev/hook: pre-sync}}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}\n",
		"app/wrong.yaml":     "apiVersion: v1\nkind: Service\nmetadata: {name: wrong}\nspec: {ports: [{port: 99999}]}\n",
	})
	r = s.run(filepath.Join(changed, "app"), "diff", "shop", "--exit-code") // the checkout is the one that the person is in
	if r.code != 1 {
		t.Errorf("with an object that would fail the exit code is %d", r.code)
	}
	for _, value := range []string{"sesame", "open", "c2VzYW1l", "b3Blbg"} {
		if strings.Contains(r.stdout+r.stderr, value) {
			t.Errorf("the diff tells a Secret's value:\n%s", r.stdout)
		}
	}
	s.must(os.Remove(filepath.Join(changed, "app", "wrong.yaml")))
	got := decode[[]difference](s, s.towline(3, "diff", "shop", "--path", changed, "--exit-code", "-o", "json").stdout)
	want := []string{
		"ConfigMap/inside create", "ConfigMap/kept release", "ConfigMap/new create", "ConfigMap/old delete", "Deployment/web change", "Namespace/not-yet-there create", "Secret/password change",
	}
	if diff := cmp.Diff(want, actions(got)); diff != "" {
		t.Errorf("what would change (-want +got):\n%s", diff)
	}
	i := slices.IndexFunc(got, func(d difference) bool { return d.Kind == "Secret" })
	s.equal("the Secret", got[i].Diff, `
--- live/core/Secret/NS/password
+++ wanted/core/Secret/NS/password
@@ -1,6 +1,7 @@
 apiVersion: v1
 data:
-  password: '*** (before)'
+  extra: '*** (after)'
+  password: '*** (after)'
  user: '***'
 kind: Secret
 metadata:
`)
	i = slices.IndexFunc(got, func(d difference) bool { return d.Kind == "Deployment" })
	s.holds("the Deployment", got[i].Diff, "-  - image: example.com/web:v1\n+  - image: example.com/web:v2\n")
	if strings.Contains(got[i].Diff, "managedFields") || strings.Contains(got[i].Diff, "status") {
		t.Errorf("the diff has noise: %s", got[i].Diff)
	}
	s.equal("diff of the same, after all", s.towline(0, "diff", "shop", "--path", same).stderr, "5 unchanged\n")
}

// What goes beyond the budget is held, and not shown as deleted.
func TestDiffHolds(t *testing.T) {
	s := newStage(t)
	s.commit("First", map[string]string{"app/a.yaml": manifest("a", "1"), "app/b.yaml": manifest("b", "1"), "app/c.yaml": manifest("c", "1")})
	one := int32(1)
	s.newSync("shop", func(sync *v1.Sync) { sync.Spec.DeletionBudget.Objects = &one })
	s.towline(0, "sync", "shop", "--wait")
	r := s.towline(0, "diff", "shop", "--path", s.checkout(map[string]string{"app/a.yaml": manifest("a", "1")}))
	s.holds("diff", r.stdout, "hold back the deletion of core/ConfigMap/NS/b: 2 of 3 objects would be deleted, the budget allows 1")
	s.equal("its sum", r.stderr, "2 held back from deletion, 1 unchanged\n")
	r = s.towline(1, "diff", "shop", "--path", s.checkout(map[string]string{"README": "nothing"}))
	s.holds("a checkout without the path", r.stderr, "building app of", "the repository has no such folder")
}

// A person sees what they may see, and is told what they may not.
func TestDiffWithFewRights(t *testing.T) {
	s := newStage(t)
	files := map[string]string{"app/config.yaml": manifest("config", "one"), "app/password.yaml": password("sesame-1", "")}
	s.commit("First", files)
	s.newSync("shop")
	s.towline(0, "sync", "shop", "--wait")
	s.kubeconfig = s.reader(rbacv1.PolicyRule{APIGroups: []string{v1.Group}, Resources: []string{"syncs"}, Verbs: []string{"get", "list", "watch"}},
		rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "list", "patch"}})
	r := s.towline(1, "diff", "shop", "--path", s.checkout(files))
	s.holds("diff", r.stdout, "fail at core/Secret/NS/password: reading core/Secret/NS/password: it is forbidden")
	s.holds("its sum", r.stderr, "1 that would fail, 1 unchanged")
	s.holds("status", s.towline(0, "status", "shop").stdout, "Not known:\n  Secret NS: you may not read this kind\n  events: you may not read this kind")
	s.holds("tree", s.towline(0, "tree", "shop").stdout, "core/Secret/NS/password  Unknown  -  you may not read this kind")
	s.holds("sync", s.towline(1, "sync", "shop").stderr, "cannot patch resource")
	s.holds("status -A", s.towline(1, "status", "-A").stderr, "cannot list resource")
}

// reader gives a kubeconfig of somebody who may do no more than this in the namespace.
func (s *stage) reader(rules ...rbacv1.PolicyRule) string {
	s.Helper()
	ctx := s.Context()
	clients, err := kubernetes.NewForConfig(s.cluster.Config)
	s.must(err)
	meta := metav1.ObjectMeta{Namespace: s.namespace, Name: "reader"}
	s.must(s.client.Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: rules}))
	s.must(s.client.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
		Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: s.namespace, Name: "default"}},
	}))
	token, err := clients.CoreV1().ServiceAccounts(s.namespace).CreateToken(ctx, "default", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	s.must(err)
	config, err := clientcmd.LoadFromFile(s.kubeconfig)
	s.must(err)
	config.AuthInfos = map[string]*api.AuthInfo{"reader": {Token: token.Status.Token}}
	config.Contexts[config.CurrentContext].AuthInfo = "reader"
	path := filepath.Join(s.TempDir(), "reader")
	s.must(clientcmd.WriteToFile(*config, path))
	return path
}

// The checkout is built with the Sync's own options, what they take of the cluster included.
func TestDiffBuildsAsTheSyncDoes(t *testing.T) {
	s := newStage(t)
	files := map[string]string{
		"app/Chart.yaml":             "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
		"app/values.yaml":            "color: red\n",
		"app/templates/config.yaml":  "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-config}\ndata: {color: {{ .Values.color }}, region: \"${REGION}\"}\n",
		"app/templates/version.yaml": "{{ if .Capabilities.APIVersions.Has \"apps/v1/Deployment\" }}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: modern}\n{{ end }}\n",
	}
	s.commit("First", files)
	s.must(s.client.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "region"}, Data: map[string]string{"REGION": "eu"}}))
	s.newSync("shop", func(sync *v1.Sync) {
		sync.Spec.Helm = &v1.Helm{ReleaseName: "store", Values: &apiextensions.JSON{Raw: []byte(`{"color": "green"}`)}}
		sync.Spec.Substitute = &v1.Substitute{From: []v1.SubstituteReference{{Kind: "ConfigMap", Name: "region"}}}
	})
	s.towline(0, "sync", "shop", "--wait")
	s.equal("diff of the same", s.towline(0, "diff", "shop", "--path", s.checkout(files), "--exit-code").stderr, "2 unchanged\n")
	files["app/templates/config.yaml"] = strings.Replace(files["app/templates/config.yaml"], "{color: {{", "{shade: {{", 1)
	s.holds("diff", s.towline(3, "diff", "shop", "--path", s.checkout(files), "--exit-code").stdout, "change core/ConfigMap/NS/store-config", "-  color: green\n", "+  shade: green\n")
	s.must(s.client.Delete(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: "region"}}))
	s.holds("diff without the variables", s.towline(1, "diff", "shop", "--path", s.checkout(files)).stderr, "reading variables from ConfigMap NS/region: configmaps \"region\" not found")
}

// What can't be changed in place is shown as replaced where that is allowed, and else as failing.
func TestDiffReplaces(t *testing.T) {
	s := newStage(t)
	s.commit("First", map[string]string{"app/web.yaml": web("v1")})
	s.newSync("shop")
	s.towline(0, "sync", "shop", "--wait")
	other := strings.ReplaceAll(web("v1"), "app: web", "app: other")
	r := s.towline(1, "diff", "shop", "--path", s.checkout(map[string]string{"app/web.yaml": other}))
	s.holds("diff", r.stdout, "fail at apps/Deployment/NS/web: ", "immutable", "annotate it with towline.dev/force: enabled")
	forced := strings.Replace(other, "{name: web}", "{name: web, annotations: {towline.dev/force: enabled}}", 1)
	r = s.towline(3, "diff", "shop", "--exit-code", "--path", s.checkout(map[string]string{"app/web.yaml": forced}))
	s.equal("diff where it is allowed", r.stdout, "replace apps/Deployment/NS/web: an immutable field changes\n")
}
