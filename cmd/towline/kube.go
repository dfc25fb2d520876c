package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/tools/clientcmd"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/inspect"
)

// completionPatience bounds what a press of the tab key waits for.
const completionPatience = 3 * time.Second

// kubeFlags say which cluster and namespace a command looks at, with kubectl's names.
type kubeFlags struct {
	process             process
	kubeconfig, context string
	namespace           string
	everywhere          bool
}

func (f *kubeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file (default: the files that $KUBECONFIG names, or ~/.kube/config)")
	flags.StringVar(&f.context, "context", "", "context of the kubeconfig to use (default: its current one)")
	flags.StringVarP(&f.namespace, "namespace", "n", "", "namespace to look at (default: the context's)")
}

// addEverywhere is for commands that may look at all namespaces.
func (f *kubeFlags) addEverywhere(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&f.everywhere, "all-namespaces", "A", false, "look at all namespaces")
}

// loader finds the kubeconfig as kubectl does.
func (f *kubeFlags) loader() clientcmd.ClientConfig {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: f.kubeconfig}
	if named := f.process.getenv("KUBECONFIG"); named != "" {
		rules.Precedence = filepath.SplitList(named)
	} else if home := f.process.getenv("HOME"); home != "" {
		rules.Precedence = []string{filepath.Join(home, clientcmd.RecommendedHomeDir, clientcmd.RecommendedFileName)}
	}
	overrides := &clientcmd.ConfigOverrides{CurrentContext: f.context}
	overrides.Context.Namespace = f.namespace
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
}

// connect gives the way to the cluster, and the namespace to look at: "" for all.
func (f *kubeFlags) connect() (*inspect.Client, string, error) {
	if f.everywhere && f.namespace != "" {
		return nil, "", usageError{errors.New("name one namespace, or ask for all of them")}
	}
	loader := f.loader()
	config, err := loader.ClientConfig()
	if err != nil {
		if clientcmd.IsEmptyConfig(err) {
			return nil, "", usageError{errors.New("there is no kubeconfig (hint: set KUBECONFIG, or name a file with --kubeconfig)")}
		}
		return nil, "", fmt.Errorf("reading the kubeconfig: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("reading the kubeconfig: %w", err)
	}
	client, err := inspect.New(inspect.Config{REST: config})
	if f.everywhere {
		namespace = ""
	}
	return client, namespace, err
}

// one gives the Sync of that name.
func (f *kubeFlags) one(ctx context.Context, name string) (*inspect.Client, *v1.Sync, error) {
	client, namespace, err := f.connect()
	if err != nil {
		return nil, nil, err
	}
	sync, err := client.Get(ctx, namespace, plainName(name))
	return client, sync, err
}

// several gives the Syncs of these names, or all of the namespace.
func (f *kubeFlags) several(ctx context.Context, names []string, all bool) (*inspect.Client, []*v1.Sync, error) {
	client, namespace, err := f.connect()
	if err != nil {
		return nil, nil, err
	}
	var syncs []*v1.Sync
	if all {
		list, err := client.List(ctx, namespace)
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("there are no Syncs in %s", where(namespace))
		}
		for i := range list {
			syncs = append(syncs, &list[i])
		}
		return client, syncs, err
	}
	for _, name := range names {
		sync, err := client.Get(ctx, namespace, plainName(name))
		if err != nil {
			return nil, nil, err
		}
		syncs = append(syncs, sync)
	}
	return client, syncs, nil
}

// where names a namespace for people.
func where(namespace string) string {
	if namespace == "" {
		return "any namespace"
	}
	return fmt.Sprintf("namespace %q", namespace)
}

// plainName takes a name as kubectl prints it, such as sync.towline.dev/shop.
func plainName(name string) string {
	kind, rest, ok := strings.Cut(name, "/")
	kind, _, _ = strings.Cut(strings.ToLower(kind), ".")
	if ok && slices.Contains([]string{"sync", "syncs", "tsync"}, kind) {
		return rest
	}
	return name
}

// complete gives the names of Syncs to a shell. What goes wrong there is no one's business.
func (f *kubeFlags) complete(cmd *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
	defer cancel()
	client, namespace, err := f.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	syncs, err := client.List(ctx, namespace)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, sync := range syncs {
		if strings.HasPrefix(sync.Name, begun) && !slices.Contains(given, sync.Name) {
			names = append(names, sync.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeOne is complete for commands that take one name.
func (f *kubeFlags) completeOne(cmd *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(given) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.complete(cmd, given, begun)
}

// oneName is the NAME argument of the commands that look at one Sync.
func oneName() cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("the NAME of one Sync is needed, %d are given", len(args))
		}
		return nil
	}
}

// namesOrAll checks that names are given, or --all.
func namesOrAll(all *bool) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case *all && len(args) > 0:
			return errors.New("give names, or --all")
		case !*all && len(args) == 0:
			return errors.New("the NAME of a Sync is needed, or --all")
		}
		return nil
	}
}
