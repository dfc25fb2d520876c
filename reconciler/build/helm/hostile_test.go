package helm_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/helm"
)

// chart gives a repository with a chart of one template, and further files.
func chart(template string, more map[string]string) fstest.MapFS {
	files := map[string]string{"Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "templates/t.yaml": template}
	maps.Copy(files, more)
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func render(ctx context.Context, fsys fs.FS, options build.Options) (string, error) {
	objects, err := helm.New(build.Limits{}).Build(ctx, build.Request{Files: fsys, Dir: ".", Options: options})
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = build.Encode(&out, objects)
	return out.String(), err
}

// TestHostileTemplates holds that templates that would run for ever, fill the memory or
// overflow the stack end with an error.
func TestHostileTemplates(t *testing.T) {
	doubled := strings.Repeat(`{{ $s = printf "%s%s" $s $s }}`, 60)
	lists := strings.Repeat(`{{ $l = list $l $l }}`, 60)
	chain := `{{ define "t0" }}x{{ end }}`
	for i := range 60 {
		chain += fmt.Sprintf(`{{ define "t%d" }}{{ template "t%d" }}{{ template "t%d" }}{{ end }}`, i+1, i, i)
	}
	for name, template := range map[string]string{ //nolint:gosec // G101: templates, and no credentials
		"range over a number":        `{{ range 1000000000000 }}{{ end }}`,
		"nested ranges":              strings.Repeat(`{{ range until 100000 }}`, 9) + strings.Repeat(`{{ end }}`, 9),
		"until":                      `{{ range until 1000000000 }}x{{ end }}`,
		"untilStep":                  `{{ untilStep 0 2000000000 1 | len }}`,
		"seq":                        `{{ seq 1 1 2000000000 }}`,
		"repeat":                     `{{ repeat 1000000000 "xxxxxxxx" }}`,
		"repeat of repeat":           `{{ repeat 10000 "x" | repeat 10000 }}`,
		"repeated output":            `{{ $s := repeat 1000000 "x" }}{{ range until 100000 }}{{ $s }}{{ end }}`,
		"doubled string":             `{{ $s := "xxxxxxxx" }}` + doubled,
		"doubled list as YAML":       `{{ $l := list 1 }}` + lists + `{{ toYaml $l }}`,
		"doubled list printed":       `{{ $l := list 1 }}` + lists + `{{ $l }}`,
		"doubled list compared":      `{{ $l := list 1 }}` + lists + `{{ deepEqual $l $l }}`,
		"doubled list as key":        `{{ $l := list 1 }}` + lists + `{{ dict $l 1 }}`,
		"doubled list joined":        `{{ $l := list 1 }}` + lists + `{{ join "," $l }}`,
		"doubled by concat":          `{{ $l := list 1 }}` + strings.Repeat(`{{ $l = concat $l $l }}`, 60),
		"kept in a list":             `{{ $l := list }}{{ range until 100000 }}{{ $l = append $l (repeat 1000000 "x") }}{{ end }}`,
		"a dictionary in itself":     `{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toYaml $d }}`,
		"values in themselves":       `{{ $_ := set .Values "v" .Values }}{{ toJson .Values }}`,
		"a deep list":                `{{ $l := list }}{{ range until 100000 }}{{ $l = list $l }}{{ end }}{{ toYaml $l }}`,
		"indent":                     `{{ indent 2000000000 "x" }}`,
		"nindent":                    `{{ repeat 100000 "\n" | nindent 100000 }}`,
		"a width":                    `{{ printf "%1000000000d" 1 }}`,
		"a width as argument":        `{{ printf "%*d" 1000000000 1 }}`,
		"an argument many times":     `{{ $s := repeat 1000000 "x" }}{{ printf (repeat 100000 "%[1]s") $s }}`,
		"replace":                    `{{ $s := repeat 100000 "x" }}{{ replace "x" $s $s }}`,
		"replace by groups":          `{{ $s := repeat 100000 "x" }}{{ regexReplaceAll "(x+)" $s (repeat 100000 "${1}") }}`,
		"join":                       `{{ until 100000 | join (repeat 100000 "x") }}`,
		"wrapWith":                   `{{ wrapWith 1 (repeat 100000 "x") (repeat 100000 "y ") }}`,
		"uniq":                       `{{ range until 1000 }}{{ $_ := until 100000 | uniq }}{{ end }}`,
		"split":                      `{{ repeat 16000000 "x" | splitList "" | len }}`,
		"endless include":            `{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`,
		"endless include in turn":    `{{ define "a" }}{{ include "b" . }}{{ end }}{{ define "b" }}{{ template "a" . }}{{ end }}{{ include "a" . }}`,
		"endless template":           `{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`,
		"exponential templates":      chain + `{{ template "t60" }}`,
		"endless tpl":                `{{ $t := "{{ tpl .t . }}" }}{{ tpl $t (dict "t" $t) }}`,
		"loop in tpl":                `{{ tpl "{{ range 1000000000000 }}{{ end }}" . }}`,
		"deep blocks":                strings.Repeat(`{{ if 1 }}`, 40_000) + strings.Repeat(`{{ end }}`, 40_000),
		"deep brackets":              `{{ ` + strings.Repeat(`(`, 9000) + `1` + strings.Repeat(`)`, 9000) + ` }}`,
		"deep blocks in tpl":         `{{ tpl (printf "%s%s" (repeat 20000 "{{ if 1 }}") (repeat 20000 "{{ end }}")) . }}`,
		"many actions":               strings.Repeat(`{{ 1 }}`, 60_000),
		"deep TOML":                  `{{ printf "a = %s" (repeat 1000000 "[") | fromToml | toYaml }}`,
		"deep JSON":                  `{{ fromJsonArray (printf "%s%s" (repeat 5000 "[") (repeat 5000 "]")) | toYaml }}`,
		"keys":                       `{{ range until 1000 }}{{ $_ := genPrivateKey "rsa" }}{{ end }}`,
		"hashes":                     `{{ range until 100000 }}{{ $_ := bcrypt "x" }}{{ end }}`,
		"large random text":          `{{ randAlphaNum 2000000000 }}`,
		"a file again and again":     `{{ range until 100000 }}{{ $_ := $.Files.Get "big.txt" }}{{ end }}`,
		"a file's lines":             `{{ .Files.Lines "lines.txt" | len }}`,
		"files again and again":      `{{ range until 100000 }}{{ if ($.Files.Glob "**").AsConfig }}{{ end }}{{ end }}`,
		"compared again and again":   `{{ $a := repeat 8000000 "x" }}{{ $b := repeat 8000000 "x" }}{{ range until 100000 }}{{ if eq $a $b }}{{ end }}{{ end }}`,
		"a long layout":              `{{ $l := repeat 8000000 "x" }}{{ $t := toDate "2006" "2020" }}{{ range until 100000 }}{{ if $t.Format $l }}{{ end }}{{ end }}`,
		"regexp over and over":       `{{ $s := repeat 100000 "x" }}{{ range until 100000 }}{{ if regexMatch "(x+x+)+y" $s }}{{ end }}{{ end }}`,
		"an alias bomb":              `{{ range until 100000 }}{{ $_ := $.Files.Get "bomb.yaml" | fromYaml }}{{ end }}`,
		"many documents":             "{{ range until 100000 }}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c{{ . }}}\n{{ end }}",
		"a function that isn't":      `{{ towlineLeave }}`,
		"the environment":            `{{ env "PATH" }}`,
		"the environment in tpl":     `{{ tpl "{{ expandenv \"$PATH\" }}" . }}`,
		"a method that isn't":        `{{ .Capabilities.Exit }}`,
		"a panic of a function":      `{{ index (list 1) 5 }}{{ substr 5 1 "x" }}`,
		"a division":                 `{{ div 1 0 }}`,
		"a template that isn't":      `{{ include "nowhere" . }}`,
		"an answer to itself by tpl": `{{ define "a" }}{{ tpl "{{ include \"a\" . }}" . }}{{ end }}{{ include "a" . }}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fsys := chart(template, map[string]string{
				"big.txt": strings.Repeat("x", 1<<20), "lines.txt": strings.Repeat("\n", 1<<20), "bomb.yaml": aliasBomb(),
			})
			start := time.Now()
			_, err := render(t.Context(), fsys, build.Options{})
			t.Logf("%v: %.200v", time.Since(start).Round(time.Millisecond), err)
			if !build.IsPermanent(err) || errors.Is(err, build.ErrEmpty) {
				t.Fatalf("error %v, want one of the chart", err)
			}
		})
	}
}

func aliasBomb() string {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := range 9 {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	return bomb.String()
}
