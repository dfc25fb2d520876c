package inspect_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/inspect"
)

const (
	one   = "1111111111111111111111111111111111111111"
	two   = "2222222222222222222222222222222222222222"
	three = "1111111333333333333333333333333333333333"
)

func attempt(hash, result string) inspect.Attempt {
	return inspect.Attempt{Revision: "main@sha1:" + hash, Result: result, Message: result + " " + hash[:4]}
}

func TestChooseReturn(t *testing.T) {
	tests := []struct {
		name    string
		history []inspect.Attempt
		to      string
		want    inspect.Return
		wantErr string
	}{
		{
			name:    "from a failure to the newest success",
			history: []inspect.Attempt{attempt(two, "Failed"), attempt(three, "Failed"), attempt(one, "Succeeded")},
			want:    inspect.Return{Good: one, Bad: two, Why: "Failed 2222"},
		},
		{
			name:    "a success of the same revision before it failed doesn't count",
			history: []inspect.Attempt{attempt(two, "Failed"), attempt(two, "Succeeded"), attempt(one, "Succeeded")},
			want:    inspect.Return{Good: one, Bad: two, Why: "Failed 2222"},
		},
		{
			name:    "from one whose health isn't known yet",
			history: []inspect.Attempt{attempt(two, "Progressing"), attempt(one, "Succeeded")},
			want:    inspect.Return{Good: one, Bad: two, Why: "Progressing 2222"},
		},
		{name: "nothing failed", history: []inspect.Attempt{attempt(two, "Succeeded"), attempt(one, "Succeeded")}, wantErr: "applied and healthy (hint: name with --to"},
		{name: "nothing was ever well", history: []inspect.Attempt{attempt(two, "Failed")}, wantErr: "no earlier revision"},
		{name: "nothing was tried", wantErr: "nothing was tried yet"},
		{
			name: "to a named one", history: []inspect.Attempt{attempt(two, "Succeeded"), attempt(one, "Succeeded")}, to: one[:8],
			want: inspect.Return{Good: one, Bad: two, Why: "Succeeded 2222"},
		},
		{
			name: "to a revision as status shows it", history: []inspect.Attempt{attempt(two, "Succeeded"), attempt(one, "Failed")}, to: "main@" + one[:8],
			want: inspect.Return{Good: one, Bad: two, Why: "Succeeded 2222"},
		},
		{
			name: "to one that the history forgot", history: []inspect.Attempt{attempt(two, "Failed")}, to: "main@sha1:" + one,
			want: inspect.Return{Good: one, Bad: two, Why: "Failed 2222"},
		},
		{name: "to the newest itself", history: []inspect.Attempt{attempt(two, "Failed")}, to: two, wantErr: "is the newest revision itself"},
		{name: "to one that is unknown", history: []inspect.Attempt{attempt(two, "Failed")}, to: "abcdef12", wantErr: "knows no revision"},
		{name: "to a beginning that is too short", history: []inspect.Attempt{attempt(two, "Failed"), attempt(one, "Succeeded")}, to: "1", wantErr: "knows no revision"},
		{name: "to one of two", history: []inspect.Attempt{attempt(two, "Failed"), attempt(one, "Succeeded"), attempt(three, "Succeeded")}, to: one[:7], wantErr: "several revisions"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := inspect.ChooseReturn(tt.history, tt.to)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("error %v, want one that says %q", err, tt.wantErr)
				}
				return
			}
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestSummarise(t *testing.T) {
	at := metav1.NewTime(time.Unix(1700000000, 0))
	sync := &v1.Sync{
		ObjectMeta: metav1.ObjectMeta{Namespace: "prod", Name: "shop", Generation: 2, CreationTimestamp: at, Labels: map[string]string{"applyset.kubernetes.io/part-of": "set"}},
		Spec:       v1.SyncSpec{Source: v1.Source{URL: "https://git.example.com/acme/deploy", Semver: ">=1.0.0"}},
		Status: v1.SyncStatus{
			ObservedGeneration: 1, LastAppliedRevision: "main@sha1:" + one, LastAttemptedRevision: "main@sha1:" + two,
			Conditions: []metav1.Condition{
				{Type: v1.ConditionReady, Status: metav1.ConditionFalse, Reason: "BuildFailed", Message: "a.yaml:1: no", LastTransitionTime: at},
				{Type: v1.ConditionStalled, Status: metav1.ConditionTrue},
			},
			Inventory: []v1.InventoryCount{{Kind: "ConfigMap", Count: 2}, {Kind: "apps/Deployment", Count: 3}},
			History:   []v1.HistoryEntry{{Revision: "main@sha1:" + two, Result: v1.ResultFailed, Time: at}},
		},
	}
	when := at.UTC()
	want := inspect.Summary{
		Namespace: "prod", Name: "shop", Ready: "False", Reason: "BuildFailed", Message: "a.yaml:1: no", Revision: "main@sha1:" + one, Attempted: "main@sha1:" + two,
		Since: &when, Created: when, Stalled: true, Source: inspect.Source{URL: "https://git.example.com/acme/deploy", Ref: "semver >=1.0.0", Path: "."}, Objects: 5,
		LastAttempt: &inspect.Attempt{Revision: "main@sha1:" + two, Time: when, Result: "Failed"}, ManagedBy: "set",
	}
	if diff := cmp.Diff(want, inspect.Summarise(sync)); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	fresh := inspect.Summarise(&v1.Sync{})
	if fresh.Ready != "Unknown" || fresh.Message == "" || fresh.Since != nil {
		t.Errorf("a Sync that nobody looked at is %+v", fresh)
	}
}

func TestShortRevision(t *testing.T) {
	for revision, want := range map[string]string{
		"main@sha1:" + one: "main@11111111", "release/1.x@sha1:" + two: "release/1.x@22222222", "v1@sha1:abc": "v1@abc", "odd": "odd", "": "",
	} {
		if got := inspect.ShortRevision(revision); got != want {
			t.Errorf("%q is %q, want %q", revision, got, want)
		}
	}
}

// A cluster without the definition answers with a page that isn't the API's.
func TestNotInstalled(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	client, err := inspect.New(inspect.Config{REST: &rest.Config{Host: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	_, listing := client.List(t.Context(), "")
	_, getting := client.Get(t.Context(), "prod", "shop")
	for _, err := range []error{listing, getting} {
		if err == nil || !strings.Contains(err.Error(), "the cluster knows no Syncs") {
			t.Errorf("error %v", err)
		}
	}
}
