package forgetest

import (
	"fmt"
	"strconv"
	"strings"
	"text/scanner"
)

// operation is a GraphQL document of one operation, as far as it is known here: no
// aliases, fragments or directives, and no arguments but variables and integers.
type operation struct {
	kind   string // query or mutation
	fields []field
}

type field struct {
	name   string
	args   map[string]any
	fields []field
}

// parser reads a document token by token (GraphQL, section 2).
type parser struct {
	scan      scanner.Scanner
	token     rune
	text      string
	variables map[string]any
	err       error
}

func parseOperation(query string, variables map[string]any) (operation, error) {
	p := &parser{variables: variables}
	p.scan.Init(strings.NewReader(query))
	p.scan.Mode = scanner.ScanIdents | scanner.ScanInts
	p.scan.Error = func(_ *scanner.Scanner, message string) { p.fail(message) }
	p.next()
	op := operation{kind: p.text}
	if op.kind != "query" && op.kind != "mutation" {
		p.fail("expected query or mutation")
	}
	p.next()
	if p.token == scanner.Ident { // the operation's name
		p.next()
	}
	if p.token == '(' { // the variables' types, which whoever resolves them looks at
		for p.token != ')' && p.token != scanner.EOF {
			p.next()
		}
		p.expect(')')
	}
	op.fields = p.selection()
	if p.token != scanner.EOF {
		p.fail("expected the end")
	}
	if p.err != nil {
		return operation{}, &graphError{message: "Parse error: " + p.err.Error()}
	}
	return op, nil
}

func (p *parser) next() {
	p.token = p.scan.Scan()
	p.text = p.scan.TokenText()
}

func (p *parser) fail(message string) {
	if p.err == nil {
		p.err = fmt.Errorf("%s, found %q at %s", message, p.text, p.scan.Pos())
	}
}

func (p *parser) expect(token rune) {
	if p.token != token {
		p.fail("expected " + strconv.QuoteRune(token))
	}
	p.next()
}

func (p *parser) name() string {
	name := p.text
	p.expect(scanner.Ident)
	return name
}

func (p *parser) selection() []field {
	p.expect('{')
	var out []field
	for p.token != '}' && p.err == nil {
		f := field{name: p.name(), args: map[string]any{}}
		if p.token == '(' {
			p.next()
			for p.token != ')' && p.err == nil {
				p.argument(f.args)
			}
			p.next()
		}
		if p.token == '{' {
			f.fields = p.selection()
		}
		out = append(out, f)
	}
	p.expect('}')
	return out
}

func (p *parser) argument(into map[string]any) {
	name := p.name()
	p.expect(':')
	switch p.token {
	case '$':
		p.next()
		into[name] = p.variables[p.name()]
	case scanner.Int:
		n, err := strconv.Atoi(p.text)
		if err != nil {
			p.fail("expected a number")
		}
		into[name] = float64(n) // as the variables' JSON has it
		p.next()
	default:
		p.fail("expected a variable or an integer")
	}
	if p.token == ',' {
		p.next()
	}
}

// resolver is a field with arguments.
type resolver = func(args map[string]any) (any, error)

// graphError is an error in GraphQL's answer.
type graphError struct {
	kind, message string // kind: GitHub's type, such as NOT_FOUND
	extensions    object
}

// Error gives the message.
func (e *graphError) Error() string { return e.message }

// selected gives of a thing what was asked for.
func selected(thing any, fields []field, typeName string) (any, error) {
	from, ok := thing.(object)
	if !ok || thing == nil {
		return thing, nil
	}
	out := object{}
	for _, f := range fields {
		value, known := from[f.name]
		if !known {
			return nil, &graphError{
				message:    fmt.Sprintf("Field '%s' doesn't exist on type '%s'", f.name, typeName),
				extensions: object{"code": "undefinedField", "typeName": typeName, "fieldName": f.name},
			}
		}
		if resolve, ok := value.(resolver); ok {
			var err error
			if value, err = resolve(f.args); err != nil {
				return nil, err
			}
		}
		value, err := selected(value, f.fields, f.name)
		if err != nil {
			return nil, err
		}
		out[f.name] = value
	}
	return out, nil
}
