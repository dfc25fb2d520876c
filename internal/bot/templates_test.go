package bot_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/policy"
)

// TestBadTemplatesAreFound: each with its place, all of them at once.
func TestBadTemplatesAreFound(t *testing.T) {
	reader := bot.Reader{}
	_, err := reader.Read(fstest.MapFS{policy.UpdateConfigFile: file("apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n" +
		"  commit: {message: '{{.Titel}}'}\n  pullRequest: {title: '{{.Grop}}', body: '{{nothing}}'}\n")})
	for _, want := range []string{
		".towline.yaml:4:21: spec.commit.message: ", "Titel", ".towline.yaml:5:24: spec.pullRequest.title: ", "Grop",
		".towline.yaml:5:43: spec.pullRequest.body: ", "nothing",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q isn't in the error %v", want, err)
		}
	}
}
