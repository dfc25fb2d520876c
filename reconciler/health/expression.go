package health

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/ext"
)

// Bounds of one evaluation. The costs are those that Kubernetes allows a validation rule (k8s.io/apiserver/pkg/apis/cel);
// an expression over an ordinary object costs less than a thousand.
const (
	costLimit      = 1_000_000
	checkFrequency = 100 // of time, in steps of a comprehension
	timeLimit      = 300 * time.Millisecond
)

// self is the variable that holds the whole object.
const self = "self"

// expression is one CEL expression.
type expression struct {
	name    string // such as "current"
	program cel.Program
}

// compiler compiles expressions.
type compiler struct {
	environment *cel.Env
}

// newCompiler offers the functions that Flux does, so that its users' expressions go on working.
func newCompiler() (*compiler, error) {
	environment, err := cel.NewEnv(
		cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true), cel.DefaultUTCTimeZone(true),
		cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(), ext.Strings(), ext.Sets(), ext.Encoders(),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateTimestampLiterals(), cel.ValidateDurationLiterals()),
	)
	if err != nil {
		return nil, fmt.Errorf("preparing for CEL: %w", err)
	}
	return &compiler{environment}, nil
}

// rule compiles a rule's expressions; the error tells of each that is bad. The result is never nil.
func (c *compiler) rule(place string, rule Rule) (*compiled, error) {
	var one compiled
	var errs []error
	for _, part := range []struct {
		name, text string
		to         **expression
	}{{"inProgress", rule.InProgress, &one.inProgress}, {"failed", rule.Failed, &one.failed}, {"current", rule.Current, &one.current}} {
		if part.text == "" {
			continue
		}
		program, err := c.compile(place+"."+part.name, part.text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		*part.to = &expression{part.name, program}
	}
	return &one, errors.Join(errs...)
}

// compile checks one expression. What its variables hold isn't known before there is an object, but that its functions
// exist and that it says true or false is.
func (c *compiler) compile(place, text string) (cel.Program, error) {
	parsed, issues := c.environment.Parse(text)
	if err := located(place, issues); err != nil {
		return nil, err
	}
	environment, err := c.environment.Extend(variables(parsed)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	checked, issues := environment.Check(parsed)
	if err := located(place, issues); err != nil {
		return nil, err
	}
	if kind := checked.OutputType(); !kind.IsExactType(cel.BoolType) && !kind.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("%s: it gives a value of type %s, not true or false", place, kind)
	}
	program, err := environment.Program(checked, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit), cel.InterruptCheckFrequency(checkFrequency))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", place, err)
	}
	return program, nil
}

// located gives the first of the issues with its place.
func located(place string, issues *cel.Issues) error {
	if issues == nil || len(issues.Errors()) == 0 {
		return nil
	}
	first := issues.Errors()[0]
	return fmt.Errorf("%s, line %d, column %d: %s", place, first.Location.Line(), first.Location.Column()+1, first.Message)
}

// variables declares whatever names the expression uses: objects may have any fields beside metadata, spec and status.
func variables(parsed *cel.Ast) []cel.EnvOption {
	var declared []cel.EnvOption
	seen := map[string]bool{}
	ast.PostOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.IdentKind || seen[e.AsIdent()] || typeName(e.AsIdent()) {
			return
		}
		seen[e.AsIdent()] = true
		declared = append(declared, cel.Variable(e.AsIdent(), cel.DynType))
	}))
	return declared
}

// typeName knows the names that CEL itself gives to types, as in type(spec.size) == int.
func typeName(name string) bool {
	switch name {
	case "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type":
		return true
	}
	return false
}

// holds evaluates the expression for an object's fields.
func (e *expression) holds(fields map[string]any) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeLimit)
	defer cancel()
	variables := make(map[string]any, len(fields)+1)
	for name, value := range fields {
		variables[name] = value
	}
	variables[self] = fields
	value, _, err := e.program.ContextEval(ctx, variables)
	if err != nil {
		return false, fmt.Errorf("evaluating %s: %w", e.name, err)
	}
	is, ok := value.(types.Bool)
	if !ok {
		return false, fmt.Errorf("evaluating %s: it gives a value of type %s, not true or false", e.name, value.Type().TypeName())
	}
	return bool(is), nil
}
