package helm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	v2 "helm.sh/helm/v4/pkg/chart/v2"

	"github.com/towline-dev/towline/reconciler/build"
)

const (
	schemaFile = "values.schema.json"
	schemaURL  = "file:///" + schemaFile
	// schemaSteps bounds how many subschemas are held against values: references that
	// lead to references make exponentially many of a short schema.
	schemaSteps = 2_000_000
	// schemaObjects bounds the schema itself: the library compares each with each.
	schemaObjects = 20_000
)

var errRemote = errors.New("a schema that isn't in the file; nothing is fetched while rendering")

// checkSchemas holds the values of a chart and of its dependencies against their schemas.
func checkSchemas(ctx context.Context, dir string, c *v2.Chart, merged map[string]any) error {
	var errs []error
	if c.Schema != nil {
		if err := checkSchema(ctx, c.Schema, merged); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			errs = append(errs, &build.Error{File: path.Join(dir, schemaFile), Err: fmt.Errorf("values of chart %q: %w", c.Name(), err)})
		}
	}
	for _, d := range c.Dependencies() {
		own, ok := merged[d.Name()]
		if !ok || own == nil {
			continue
		}
		table, ok := asMap(own)
		if !ok {
			errs = append(errs, &build.Error{File: path.Join(dir, "Chart.yaml"), Err: fmt.Errorf("values of dependency %q aren't a map", d.Name())})
			continue
		}
		errs = append(errs, checkSchemas(ctx, path.Join(dir, "charts", d.Name()), d, table))
	}
	return errors.Join(errs...)
}

// refusal answers for every schema that isn't in the file.
type refusal struct{}

func (refusal) Load(url string) (any, error) { return nil, fmt.Errorf("%s: %w", url, errRemote) }

// checkSchema validates in a goroutine of its own, since the library can't be stopped
// from outside: the steps end that goroutine when there are too many of them.
func checkSchema(ctx context.Context, schema []byte, merged map[string]any) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		return fmt.Errorf("reading the schema: %w", err)
	}
	if n := objects(document); n > schemaObjects {
		return fmt.Errorf("%w: a schema of more than %d objects", errTooMuch, schemaObjects)
	}
	steps := &stepping{left: schemaSteps, alive: ctx.Err}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(refusal{})
	compiler.RegisterVocabulary(steps.vocabulary())
	compiler.AssertVocabs()
	if err := compiler.AddResource(schemaURL, document); err != nil {
		return fmt.Errorf("reading the schema: %w", err)
	}
	result := make(chan error, 1)
	go func() {
		outcome := fmt.Errorf("%w: more than %d steps to hold the values against the schema", errTooMuch, schemaSteps)
		defer func() {
			if p := recover(); p != nil {
				outcome = fmt.Errorf("the schema can't be used: %v", p)
			}
			result <- outcome
		}()
		compiled, err := compiler.Compile(schemaURL)
		if err == nil {
			err = compiled.Validate(merged)
		}
		outcome = err
	}()
	return schemaError(<-result)
}

// schemaError gives the places in the values and what is wrong there, but no values: those
// may be secret.
func schemaError(err error) error {
	invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	return errors.New(strings.Join(slices.Sorted(slices.Values(places(invalid))), "; "))
}

func places(e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		at := strings.Join(e.InstanceLocation, ".")
		if at == "" {
			at = "(all)"
		}
		return []string{at + ": " + complaint(e.ErrorKind)}
	}
	var all []string
	for _, cause := range e.Causes {
		all = append(all, places(cause)...)
	}
	return all
}

func complaint(k jsonschema.ErrorKind) string {
	switch k.(type) {
	case *kind.Required, *kind.Type, *kind.AdditionalProperties, *kind.Enum, *kind.MinItems, *kind.MaxItems, *kind.MinLength, *kind.MaxLength:
		return k.LocalizedString(message.NewPrinter(language.English))
	}
	return fmt.Sprintf("breaks %q", strings.Join(k.KeywordPath(), "/"))
}

// objects counts the objects of a schema.
func objects(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += objects(e)
		}
	case map[string]any:
		n++
		for _, e := range v {
			n += objects(e)
		}
	}
	return n
}

// stepping is a keyword that no schema has to name: the library calls it for each
// subschema that it reads and for each that it holds against a value.
type stepping struct {
	left  int
	alive func() error // the Err of the build's context
}

func (s *stepping) vocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{
		URL:     "https://towline.dev/steps",
		Compile: func(*jsonschema.CompilerContext, map[string]any) (jsonschema.SchemaExt, error) { return s, s.alive() },
	}
}

// Validate counts one step.
func (s *stepping) Validate(*jsonschema.ValidatorContext, any) {
	if s.left--; s.left < 0 || (s.left%1024 == 0 && s.alive() != nil) {
		runtime.Goexit()
	}
}
