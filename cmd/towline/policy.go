package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/policy"
)

func newPolicy() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "policy",
		Short:   "Try out image policies",
		Example: "  crane ls ghcr.io/stefanprodan/podinfo | towline policy eval -f policy.yaml --current 6.0.0",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPolicyEval())
	return cmd
}

func newPolicyEval() *cobra.Command {
	var (
		file, current, name string
		explain             bool
		out                 format
	)
	cmd := &cobra.Command{
		Use:   "eval -f FILE [--current TAG] [--explain]",
		Short: "Choose a tag from a list on standard input",
		Long: `Reads tags from standard input, one a line, and prints the one that the policy chooses.
Behind a tag may stand when its image was created (2026-01-31T12:00:00Z), for the kind newest
and for minimumAge. What the policy asks for beside that isn't checked, which is said.
Exits 1, with the reason on standard error, where none fits.`,
		Example: `  printf '6.0.0\n6.1.0\n7.0.0\n' | towline policy eval -f policy.yaml
  crane ls nginx | towline policy eval -f policy.yaml --current 1.25.3 --explain`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := onePolicy(cmd, file, name)
			if err != nil {
				return err
			}
			l, err := readTags(cmd.InOrStdin())
			if err != nil {
				return err
			}
			r := policy.Request{Current: current, Tags: l.tags, Facts: l.witness(p), Now: time.Now()}
			return evaluate(cmd, p, r, explain, out)
		},
	}
	cmd.Flags().StringVarP(&file, "filename", "f", "", "file that holds the policy")
	cmd.Flags().StringVar(&name, "policy", "", "name of the policy, where the file holds several")
	cmd.Flags().StringVar(&current, "current", "", "tag that is in use now")
	cmd.Flags().BoolVar(&explain, "explain", false, "print every tag with the reason it was taken or passed over (json and yaml always hold them)")
	addFormat(cmd, &out)
	required(cmd, "filename")
	return cmd
}

// required marks a flag that the command can't do without.
func required(cmd *cobra.Command, flag string) {
	check := cmd.Args
	cmd.Args = func(c *cobra.Command, args []string) error {
		if !c.Flags().Changed(flag) {
			return fmt.Errorf("--%s is required", flag)
		}
		return check(c, args)
	}
}

func onePolicy(cmd *cobra.Command, file, name string) (*policy.Policy, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	policies, err := policy.Parse(file, data)
	if err != nil {
		return nil, err
	}
	// An ImagePolicy of Flux's is known with its ImageRepository in the same file.
	flux, err := policy.ParseFlux(file, data)
	if err != nil {
		return nil, err
	}
	resolved := policy.ResolveFlux([]policy.Flux{flux})
	if err := resolved.Problems.Err(); err != nil {
		return nil, err
	}
	warn(cmd, bot.Noted(resolved.Notes))
	policies = append(policies, resolved.Policies...)
	var names []string
	for _, p := range policies {
		if name == "" && len(policies) == 1 || name != "" && (p.Name == name || p.Key() == name) {
			return p, nil
		}
		names = append(names, p.Key())
	}
	switch {
	case len(policies) == 0:
		return nil, fmt.Errorf("%s holds no ImagePolicy of towline.dev/v1 or Flux's", file)
	case name == "":
		return nil, usageError{fmt.Errorf("%s holds several policies: choose one by --policy (%s)", file, strings.Join(names, ", "))}
	}
	return nil, fmt.Errorf("%s holds no policy named %q; it has %s", file, name, strings.Join(names, ", "))
}

// evaluation is what `policy eval -o json` prints.
type evaluation struct {
	Policy     string             `json:"policy"`
	Image      string             `json:"image"`
	Current    string             `json:"current,omitempty"`
	Tag        string             `json:"tag"` // empty where none fits
	Changed    bool               `json:"changed"`
	Level      string             `json:"level,omitempty"`
	Reason     string             `json:"reason"`
	Unchecked  []string           `json:"unchecked,omitempty"` // what the policy asks for and nobody told
	Candidates []policy.Candidate `json:"candidates,omitempty"`
}

// choose works out the candidates only where somebody reads them.
func choose(p *policy.Policy, r policy.Request, explain bool) (policy.Choice, []policy.Candidate, error) {
	if explain {
		return p.Explain(r)
	}
	choice, err := p.Choose(r)
	return choice, nil, err
}

func evaluate(cmd *cobra.Command, p *policy.Policy, request policy.Request, explain bool, out format) error {
	choice, candidates, err := choose(p, request, explain || out != "table")
	var none *policy.NoChoice
	if err != nil && !errors.As(err, &none) {
		return err
	}
	result := evaluation{Policy: p.Key(), Image: p.Image(), Current: request.Current, Tag: choice.Tag,
		Changed: choice.Changed, Level: string(choice.Level), Reason: choice.Reason, Unchecked: choice.Unchecked, Candidates: candidates}
	if none != nil {
		result.Reason = none.Error()
	}
	if len(choice.Unchecked) > 0 {
		// Standard error may be gone; the result on standard output is what counts.
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "note: not checked here: %s\n", strings.Join(choice.Unchecked, ", "))
	}
	printErr := out.print(cmd.OutOrStdout(), result, func(t *table) {
		if !explain {
			if result.Tag != "" {
				t.row(result.Tag)
			}
			return
		}
		t.row("TAG", "VERDICT", "REASON")
		for _, c := range result.Candidates {
			t.row(c.Tag, string(c.Verdict), c.Reason)
		}
	})
	if err != nil {
		return err
	}
	return printErr
}
