package pulls_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// stagers are the commands that prepare files. They come to main, as Alice's commit,
// before the next command of another kind.
func (s *story) stagers() map[string]func(args []string, input string) {
	return map[string]func([]string, string){
		"policy": s.stagePolicy, "uses": s.stageUses, "config": s.stageConfig,
		"write": s.stageWrite, "remove": s.stageRemove, "revert": s.stageUses,
	}
}

// stagePolicy is `policy DIR/NAME`, with more of the spec as input. The image is NAME.
func (s *story) stagePolicy(args []string, input string) {
	s.Helper()
	s.want(args, 1)
	spec := fmt.Sprintf("image: %s/%s\n", s.registry.Host(), path.Base(args[0]))
	if !strings.Contains(input, "policy:") {
		spec += "policy: {semver: {range: \">=1.0.0\"}}\n"
	}
	annotations, spec2, ok := strings.Cut(input, "---\n")
	if !ok {
		annotations, spec2 = "", input
	}
	s.stage(args[0]+".policy.yaml", fmt.Sprintf("apiVersion: towline.dev/v1\nkind: ImagePolicy\nmetadata:\n  name: %s\n%sspec:\n%s",
		path.Base(args[0]), indented(annotations), indented(spec+spec2)))
}

// stageUses is `uses FILE IMAGE VERSION [IMAGE VERSION]…`.
func (s *story) stageUses(args []string, _ string) {
	s.Helper()
	s.want(args, 3)
	var b strings.Builder
	b.WriteString("apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\nspec:\n  containers:\n")
	for i := 1; i+1 < len(args); i += 2 {
		fmt.Fprintf(&b, "  - name: %s\n    image: %s/%s:%s\n", args[i], s.registry.Host(), args[i], args[i+1])
	}
	s.stage(args[0], b.String())
}

func (s *story) stageConfig(_ []string, input string) {
	s.stage(".towline.yaml", "apiVersion: towline.dev/v1\nkind: UpdateConfig\nspec:\n"+indented(input))
}

func (s *story) stageWrite(args []string, input string) {
	s.Helper()
	s.want(args, 1)
	s.stage(args[0], input)
}

func (s *story) stageRemove(args []string, _ string) {
	s.staged.deletes = append(s.staged.deletes, args...)
}

func (s *story) stage(file, text string) {
	if s.staged.files == nil {
		s.staged.files = map[string]string{}
	}
	s.staged.files[file] = text
}

// flush lets Alice commit what is staged.
func (s *story) flush() {
	s.Helper()
	c := s.staged
	if len(c.files)+len(c.deletes) == 0 {
		return
	}
	s.staged = personsCommit{}
	c.who, c.branch = alice, "main"
	c.message = "Change " + strings.Join(slices.Concat(slices.Sorted(maps.Keys(c.files)), c.deletes), ", ")
	s.place.commit(s.T, c)
}

// indented moves YAML two columns in.
func indented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("  " + line)
	}
	return b.String()
}
