package main

import (
	"context"

	"github.com/spf13/cobra"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/inspect"
)

func newSync(p process) *cobra.Command {
	a := ask{kube: kubeFlags{process: p}, done: "requested", waits: &waitFlags{}}
	cmd := &cobra.Command{
		Use:   "sync NAME... | --all",
		Short: "Have Syncs look at their repository at once",
		Long: `Asks the reconciler to fetch, render and apply at once, by an annotation on the Sync. With
--wait it shows how that goes on standard error, and exits with 1 and the reason where it
fails, or isn't done within --timeout.`,
		Example: `  towline sync shop --wait
  towline sync --all -n towline-system --wait --timeout 10m`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.run(cmd, args, func(ctx context.Context, client *inspect.Client, s *v1.Sync) (string, error) {
				if a.all && s.Spec.Suspend {
					say(cmd.ErrOrStderr(), "%s/%s is suspended and left alone", s.Namespace, s.Name)
					return "", errLeftAlone
				}
				return client.Request(ctx, s)
			})
		},
	}
	a.add(cmd)
	return cmd
}
