package reconciler_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/e2e/testbed"
)

const goodSync = `
apiVersion: towline.dev/v1
kind: Sync
metadata: {name: shop}
spec:
  source: {url: "https://git.example.com/acme/deploy", path: apps/prod}
  serviceAccountName: deployer
`

func TestSyncSchema(t *testing.T) {
	s := &syncs{TB: t, cluster: testbed.Kube(t)}
	s.connect()
	s.namespace = s.cluster.Namespace(t)
	for _, tt := range []struct {
		name     string
		old, new string // what to change in goodSync
		want     string // in the refusal; none for accepted
	}{
		{"good", "", "", ""},
		{"http", "https://", "http://", ""},
		{"branch", "path: apps/prod", "branch: release/1.x", ""},
		{"root", "path: apps/prod", "path: .", ""},
		{"dots in a name", "path: apps/prod", "path: apps/..prod", ""},
		{"unknown field", "serviceAccountName: deployer", "serviceaccount: deployer", "unknown field \"spec.serviceaccount\""},
		{"not built yet", "serviceAccountName: deployer", "onFailure: revert", "unknown field \"spec.onFailure\""},
		{"no url", `url: "https://git.example.com/acme/deploy", `, "", "spec.source.url"},
		{"ssh", "https://", "ssh://", ""},
		{"ssh, user and port", "https://git.example.com", "ssh://git@git.example.com:2222", ""},
		{"short ssh", "https://git.example.com/", "git@git.example.com:", ""},
		{"ssh, password", "https://", "ssh://git:secret@", "without a password"},
		{"file", "https://git.example.com", "file://", "url must be https://"},
		{"credentials", "https://", "https://user:secret@", "without a password"},
		{"token", "https://", "https://token@", "without a password"},
		{"query", "acme/deploy", "acme/deploy?x=y", "url must be https://"},
		{"absolute path", "path: apps/prod", "path: /apps", "path must be relative"},
		{"path leaves", "path: apps/prod", "path: apps/../../x", "path must not leave"},
		{"branch like an option", "path: apps/prod", "branch: --upload-pack=x", "branch must be"},
		{"branch with dots", "path: apps/prod", "branch: a..b", "branch must be"},
		{"tag", "path: apps/prod", "tag: v1.2.3", ""},
		{"tag like an option", "path: apps/prod", "tag: --upload-pack=x", "tag must be"},
		{"range", "path: apps/prod", "semver: '>=1.2.0 <2.0.0'", ""},
		{"commit", "path: apps/prod", "commit: 0123456789abcdef0123456789abcdef01234567", ""},
		{"short commit", "path: apps/prod", "commit: '0123456'", "spec.source.commit"},
		{"branch and tag", "path: apps/prod", "branch: main, tag: v1", "name one of"},
		{"tag and range", "path: apps/prod", "tag: v1, semver: '*'", "name one of"},
		{"branch and commit", "path: apps/prod", "branch: main, commit: 0123456789abcdef0123456789abcdef01234567", "name one of"},
		{"verified", "path: apps/prod", "verify: {secretRef: {name: keys}}", ""},
		{"verified by nobody", "path: apps/prod", "verify: {}", "spec.source.verify.secretRef"},
		{"verified elsewhere", "path: apps/prod", "verify: {mode: author, secretRef: {name: keys}}", "spec.source.verify.mode"},
		{"interval", "serviceAccountName: deployer", "interval: 1ms", "interval must be between"},
		{"interval text", "serviceAccountName: deployer", "interval: often", "spec.interval"},
		{"timeout", "serviceAccountName: deployer", "timeout: 48h", "timeout must be between"},
		{"percent", "serviceAccountName: deployer", "deletionBudget: {percent: 101}", "spec.deletionBudget.percent"},
		{"objects", "serviceAccountName: deployer", "deletionBudget: {objects: 0}", "spec.deletionBudget.objects"},
		{"itself", "serviceAccountName: deployer", "dependsOn: [{name: shop}]", "can't depend on itself"},
		{"twice", "serviceAccountName: deployer", "dependsOn: [{name: a}, {name: a}]", "Duplicate value"},
		{"long name", "name: shop", "name: " + strings.Repeat("a", 64), "at most 63 characters"},
		{"account", "serviceAccountName: deployer", "serviceAccountName: 'a:b'", "spec.serviceAccountName"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sync := object(t, strings.Replace(goodSync, tt.old, tt.new, 1))
			got, err := s.dynamic.Resource(syncResource()).Namespace(s.namespace).Create(s.ctx(), sync, metav1.CreateOptions{
				DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict,
			})
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && err == nil:
				t.Errorf("accepted: %v", got.Object["spec"])
			case tt.want != "" && !strings.Contains(err.Error(), tt.want):
				t.Errorf("refused with %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSyncDefaults(t *testing.T) {
	s := &syncs{TB: t, cluster: testbed.Kube(t)}
	s.connect()
	s.namespace = s.cluster.Namespace(t)
	got, err := s.dynamic.Resource(syncResource()).Namespace(s.namespace).Create(s.ctx(),
		object(t, `{apiVersion: towline.dev/v1, kind: Sync, metadata: {name: shop}, spec: {source: {url: "https://git.example.com/a/b"}}}`), metav1.CreateOptions{})
	s.must(err)
	for _, tt := range []struct {
		path []string
		want any
	}{
		{[]string{"spec", "interval"}, "30s"},
		{[]string{"spec", "timeout"}, "5m"},
		{[]string{"spec", "source", "path"}, "."},
		{[]string{"spec", "deletionBudget", "objects"}, int64(20)},
	} {
		if got, _, _ := unstructured.NestedFieldNoCopy(got.Object, tt.path...); got != tt.want {
			t.Errorf("%s is %v by default, want %v", strings.Join(tt.path, "."), got, tt.want)
		}
	}
}
