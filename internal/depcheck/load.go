package depcheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// Load asks the go command for the packages of the module in dir and all that
// they import. A package that doesn't compile is read all the same: that is for
// others to report.
func Load(ctx context.Context, dir string) (Graph, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-deps", "-json=ImportPath,Imports,Standard,Module", "./...")
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Graph{}, fmt.Errorf("listing packages: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return Graph{}, fmt.Errorf("listing packages: %w", err)
	}
	graph, err := decode(out)
	if waited := cmd.Wait(); err == nil {
		err = waited
	}
	if err != nil {
		return Graph{}, fmt.Errorf("listing packages: %w\n%s", err, stderr.String())
	}
	return graph, nil
}

// listed is what of go list's answer is needed.
type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
	Module     *struct {
		Path string
		Main bool
	}
}

// decode reads the stream of JSON values that go list prints.
func decode(r io.Reader) (Graph, error) {
	g := Graph{Imports: map[string][]string{}, Own: map[string]bool{}, ThirdParty: map[string]bool{}}
	var module string
	var packages []listed
	for decoder := json.NewDecoder(r); ; {
		var p listed
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Graph{}, err
		}
		if p.Module != nil && p.Module.Main {
			module = p.Module.Path
		}
		packages = append(packages, p)
	}
	relative := func(path string) string { return strings.TrimPrefix(path, module+"/") }
	for _, p := range packages {
		name := relative(p.ImportPath)
		g.Own[name] = p.Module != nil && p.Module.Main
		g.ThirdParty[name] = !p.Standard && !g.Own[name]
		if !g.Own[name] {
			delete(g.Own, name) // bound ranges over it
		}
		for _, imported := range p.Imports {
			g.Imports[name] = append(g.Imports[name], relative(imported))
		}
	}
	return g, nil
}

// Modules are what a go.mod says of other modules.
type Modules struct {
	Require []struct{ Path string }
	Replace []struct{ Old struct{ Path string } }
}

// LoadModules asks the go command for what the go.mod in dir says.
func LoadModules(ctx context.Context, dir string) (Modules, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "edit", "-json")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return Modules{}, fmt.Errorf("reading go.mod: %w", err)
	}
	var m Modules
	if err := json.Unmarshal(out, &m); err != nil {
		return Modules{}, fmt.Errorf("reading go.mod: %w", err)
	}
	return m, nil
}

// CheckModules returns what in a go.mod isn't allowed.
func CheckModules(m Modules, barred map[string]string) []string {
	var problems []string
	for _, r := range m.Replace {
		problems = append(problems, fmt.Sprintf("replace of %s: go install of a version refuses a go.mod with a replace", r.Old.Path))
	}
	for _, r := range m.Require {
		if why, ok := barred[r.Path]; ok {
			problems = append(problems, fmt.Sprintf("require of %s: %s", r.Path, why))
		}
	}
	return problems
}
