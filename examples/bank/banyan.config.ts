import { defineConfig } from 'banyan';
import { postgres } from 'banyan/cdc';
import { postgresViews } from 'banyan/projections';
import { bankGroup } from './group.ts';

const { DATABASE_URL = '', VIEWS_URL = '', BANYAN_DIRECTORY = '.banyan', SLOT = 'banyan_bank' } = process.env;

export default defineConfig({
  directory: BANYAN_DIRECTORY,
  sources: { bank: postgres({ connectionString: DATABASE_URL, tables: ['public.*'], slot: SLOT }) },
  groups: [bankGroup],
  views: postgresViews({ connectionString: VIEWS_URL }),
});
