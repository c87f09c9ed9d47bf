import { defineConfig } from 'banyan';
import { postgresViews } from 'banyan/projections';
import { project, setting } from './project.ts';

export default defineConfig({
  ...project,
  views: postgresViews({ connectionString: setting('VIEWS_URL') }),
});
