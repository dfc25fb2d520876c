package openapi

import (
	"context"
	_ "embed" // for the schema
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

//go:embed testdata/github.graphql
var graphqlSchema string

func loadGraphQL() (*ast.Schema, error) {
	return gqlparser.LoadSchema(&ast.Source{Name: "github.graphql", Input: graphqlSchema})
}

// graphqlRequest checks a GraphQL request: the document against the schema, and the
// variables against the document. GitHub describes no errors, so that the answer isn't
// checked: the input that it returns is always nil.
func (d *Description) graphqlRequest(_ context.Context, req *http.Request) (*openapi3filter.RequestValidationInput, error) {
	var in struct {
		Query     string
		Variables map[string]any
	}
	decoder := json.NewDecoder(req.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&in); err != nil {
		return nil, fmt.Errorf("reading a GraphQL request: %w", err)
	}
	if req.Method != http.MethodPost {
		return nil, fmt.Errorf("a GraphQL request by %s", req.Method)
	}
	document, err := gqlparser.LoadQueryWithRules(d.graphql, in.Query, nil)
	if err != nil {
		return nil, fmt.Errorf("checking a GraphQL document: %w", err)
	}
	for _, operation := range document.Operations {
		if _, err := validator.VariableValues(d.graphql, operation, in.Variables); err != nil {
			return nil, fmt.Errorf("checking a GraphQL document's variables: %w", err)
		}
	}
	return nil, nil
}
