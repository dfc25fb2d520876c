package kustomize

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/towline-dev/towline/reconciler/build"
)

// vet holds a kustomization against what we allow. It decodes with the library's
// own decoder, so that no spelling of a field slips past, and looks the line up
// afterwards. It gives what the library is to read: where there are remote bases, their
// folders stand in the place of their addresses.
func (f *files) vet(name string, data []byte) ([]byte, error) {
	if err := checkAliases(name, data); err != nil {
		return nil, err
	}
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return nil, &build.Error{File: name, Err: err}
	}
	if err := forbidden(name, data, &k); err != nil {
		return nil, err
	}
	if len(k.OpenAPI) > 0 && !f.schemas {
		return nil, errSchema
	}
	mounted, err := f.mountAll(name, data, &k)
	if err != nil {
		return nil, err
	}
	for _, p := range paths(&k) {
		if err := f.vetPath(name, p, mounted); err != nil {
			return nil, &build.Error{File: name, Line: lineOf(data, p.text), Err: err}
		}
	}
	if len(mounted) == 0 {
		return data, nil
	}
	return encode(name, &k)
}

// forbidden refuses the fields that would run something.
func forbidden(name string, data []byte, k *types.Kustomization) error {
	const (
		plugins    = "plugins and functions aren't run"
		charts     = "Helm charts aren't inflated"
		hintCharts = "put the chart into the repository and give it a Sync of its own, with its values in spec.helm"
	)
	for _, field := range []struct {
		name string
		used bool
		why  string
		hint string
	}{
		{"helmCharts", len(k.HelmCharts) > 0, charts, hintCharts},
		{"helmChartInflationGenerator", len(k.HelmChartInflationGenerator) > 0, charts, hintCharts},
		{"generators", len(k.Generators) > 0, plugins, ""},
		{"transformers", len(k.Transformers) > 0, plugins, ""},
		{"validators", len(k.Validators) > 0, plugins, ""},
	} {
		if field.used {
			return &build.Error{File: name, Line: lineOf(data, field.name), Err: fmt.Errorf("%s: %s", field.name, field.why), Hint: field.hint}
		}
	}
	return nil
}

// reference is a path that a kustomization names. Where inline is set the field
// also takes the text itself, which has several lines.
type reference struct {
	text   string // as it stands in the file
	path   string
	inline bool
}

func paths(k *types.Kustomization) []reference {
	var all []reference
	add := func(inline bool, texts ...string) {
		for _, t := range texts {
			all = append(all, reference{text: t, path: t, inline: inline})
		}
	}
	add(false, k.Resources...)
	add(false, k.Components...)
	add(false, k.Bases...) //nolint:staticcheck // deprecated, but the library still reads it
	add(false, k.Crds...)
	add(false, k.Configurations...)
	for _, p := range k.PatchesStrategicMerge { //nolint:staticcheck // deprecated, but the library still reads it
		add(true, string(p))
	}
	for _, p := range append(append([]types.Patch{}, k.Patches...), k.PatchesJson6902...) { //nolint:staticcheck // deprecated, but the library still reads it
		add(false, p.Path)
	}
	for _, r := range k.Replacements {
		add(false, r.Path)
	}
	for key, p := range k.OpenAPI {
		if strings.EqualFold(key, "path") {
			add(false, p)
		}
	}
	for _, c := range k.ConfigMapGenerator {
		all = append(all, sources(c.KvPairSources)...)
	}
	for _, s := range k.SecretGenerator {
		all = append(all, sources(s.KvPairSources)...)
	}
	return all
}

// sources gives the files of a ConfigMap or Secret generator, [KEY=]PATH each.
func sources(s types.KvPairSources) []reference {
	var all []reference
	for _, text := range s.FileSources {
		p := text
		if _, after, ok := strings.Cut(text, "="); ok {
			p = after
		}
		all = append(all, reference{text: text, path: p})
	}
	for _, text := range append([]string{s.EnvSource}, s.EnvSources...) {
		all = append(all, reference{text: text, path: text})
	}
	return all
}

// vetPath holds one path against the rules; mounted are the folders of remote bases that
// the kustomization names by their addresses.
func (f *files) vetPath(name string, r reference, mounted map[string]bool) error {
	switch {
	case r.path == "":
		return nil
	case r.inline && strings.Contains(r.path, "\n"):
		return nil
	case remote(r.path):
		return fmt.Errorf("%q is remote; only what stands in the repository is built", r.path)
	case path.IsAbs(r.path):
		return fmt.Errorf("%q is absolute; paths are relative to the kustomization", r.path)
	}
	target := path.Join(path.Dir(name), r.path)
	if !fs.ValidPath(target) {
		return fmt.Errorf("%q leaves the repository", r.path)
	}
	if mountOf(target) != mountOf(name) && !mounted[target] {
		return fmt.Errorf("%q leads into another repository", r.path)
	}
	if _, err := fs.Stat(f.fsys, target); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%q isn't in the repository: %w", r.path, fs.ErrNotExist)
	} else if err != nil {
		return fmt.Errorf("looking at %q: %w", r.path, err)
	}
	return nil
}

// remote tells whether kustomize might take the text for an address. It errs on
// the side of refusing: a folder of the repository that is really called
// github.com can be named as ./github.com. USER@HOST/PATH is an address without
// any scheme to it, which the library hands to git; icon@2x.png is a file.
func remote(text string) bool {
	if user, rest, ok := strings.Cut(text, "@"); ok && !strings.Contains(user, "/") && strings.Contains(rest, "/") {
		return true
	}
	lower := strings.ToLower(text)
	for _, prefix := range []string{"git::", "gh:", "git@", "github.com", "http:", "https:", "ssh:", "file:"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	first, _, _ := strings.Cut(text, "/")
	return strings.Contains(text, "://") || strings.Contains(first, ":") || strings.Contains(text, "?ref=")
}

// lineOf gives the line of the first scalar that reads text, or 0.
func lineOf(data []byte, text string) int {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return 0
	}
	return find(&doc, text)
}

func find(n *yaml.Node, text string) int {
	if n.Kind == yaml.ScalarNode && n.Value == text {
		return n.Line
	}
	for _, child := range n.Content {
		if line := find(child, text); line > 0 {
			return line
		}
	}
	return 0
}

// checkAliases refuses files whose YAML aliases multiply beyond reason. The
// decoder for plain manifests has that bound; the one in kustomize hasn't.
func checkAliases(name string, data []byte) error {
	if !bytes.Contains(data, []byte("&")) || !bytes.Contains(data, []byte("*")) {
		return nil
	}
	for _, doc := range documents(data) {
		if !aliased(doc) {
			continue
		}
		text, err := yaml.Marshal(doc)
		if err == nil {
			var discard any
			err = sigsyaml.Unmarshal(text, &discard)
		}
		if err != nil {
			return &build.Error{File: name, Line: doc.Line, Err: fmt.Errorf("reading aliases: %w", err)}
		}
	}
	return nil
}

// documents gives the documents up to the first that can't be read, which is for
// kustomize to tell; or it is no YAML at all.
func documents(data []byte) []*yaml.Node {
	var all []*yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if dec.Decode(&doc) != nil {
			return all
		}
		all = append(all, &doc)
	}
}

func aliased(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		return true
	}
	for _, child := range n.Content {
		if aliased(child) {
			return true
		}
	}
	return false
}
