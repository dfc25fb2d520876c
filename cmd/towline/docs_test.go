package main

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/policy"
	v1 "github.com/towline-dev/towline/reconciler/api/v1"
)

// TestDocumentedFilesAreValid reads each of our documents that README and docs/ show
// with the very parser that users meet.
func TestDocumentedFilesAreValid(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, "../../README.md")
	fence := regexp.MustCompile("(?ms)^( *)```yaml\n(.*?)^ *```")
	kind := regexp.MustCompile(`(?m)^kind: (\w+)`)
	seen := map[string]int{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
			document := strings.ReplaceAll("\n"+m[2], "\n"+m[1], "\n")
			found := kind.FindAllStringSubmatch(document, -1)
			if found == nil {
				if err := validateFragment(document); err != nil {
					t.Errorf("%s shows YAML without a kind that is no part of a Sync: %v\n%s", name, err, document)
				}
			}
			for _, k := range found {
				seen[k[1]]++
				if err := validate(filepath.Base(name), k[1], []byte(document)); err != nil {
					t.Errorf("%s: %v\n%s", name, err, document)
				}
			}
		}
	}
	for _, want := range []string{"ImagePolicy", "UpdateConfig", "BotConfig", "Sync"} {
		if seen[want] == 0 {
			t.Errorf("no %s is shown", want)
		}
	}
}

// validateFragment reads a part of a Sync: its spec, or some fields of that.
func validateFragment(text string) error {
	var whole struct {
		Spec v1.SyncSpec `json:"spec"`
	}
	if strings.HasPrefix(strings.TrimLeft(text, "\n"), "spec:") {
		return yaml.UnmarshalStrict([]byte(text), &whole)
	}
	return yaml.UnmarshalStrict([]byte(text), &whole.Spec)
}

func validate(name, kind string, data []byte) error {
	switch kind {
	case "ImagePolicy":
		policies, err := policy.Parse(name, data)
		flux, fluxErr := policy.ParseFlux(name, data)
		if err == nil && len(policies) == 0 && flux.IsZero() {
			err = errors.New("it holds no policy")
		}
		return errors.Join(err, fluxErr)
	case "UpdateConfig":
		_, err := policy.ParseUpdateConfig(name, data)
		return err
	case "BotConfig":
		_, err := config.ParseBot(name, data)
		return err
	case "Sync":
		return yaml.UnmarshalStrict(data, &v1.Sync{})
	}
	return nil // Kubernetes' own kinds
}
