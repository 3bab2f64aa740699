import { z } from 'zod'
import { versionDetailsSchema } from './models.ts'

/**
 * The machine recipe: what somebody needs to rebuild the computer around a version, collected during the backup and kept with
 * it. Sizes and offsets are bytes; paths are those of the computer that was backed up.
 */

const bytes = z.int().nonnegative()
const text = z.string().nullable()

export const recipePartitionSchema = z.object({
  path: z.string(),
  offset: bytes,
  length: bytes,
  /** As the table has it: a GUID in upper case (GPT) or a number in hex without 0x (DOS). */
  type: z.string(),
  uuid: text,
  name: text,
  bootable: z.boolean(),
})
export type RecipePartition = z.infer<typeof recipePartitionSchema>

export const recipeDiskSchema = z.object({
  path: z.string(),
  sizeBytes: bytes,
  model: text,
  serial: text,
  /** gpt, dos …; null without a partition table. */
  table: text,
  tableId: text,
  /** Logical, in which the table counts; null without one. */
  sectorBytes: bytes.nullable(),
  partitions: z.array(recipePartitionSchema),
})
export type RecipeDisk = z.infer<typeof recipeDiskSchema>

export const recipeGroupSchema = z.object({
  name: z.string(),
  uuid: z.string(),
  sizeBytes: bytes,
  extentBytes: bytes,
  members: z.array(z.object({ path: z.string(), uuid: z.string() })),
  volumes: z.array(
    z.object({
      name: z.string(),
      uuid: z.string(),
      sizeBytes: bytes,
      /** In the words of lvs: linear, thin,pool … */
      layout: z.string(),
      /** The thin pool that it lies in. */
      pool: text,
    }),
  ),
})
export type RecipeGroup = z.infer<typeof recipeGroupSchema>

export const machineRecipeSchema = z.object({
  computer: z.object({
    name: z.string(),
    system: text,
    kernel: z.string(),
    architecture: z.string(),
    boot: z.enum(['efi', 'bios']),
  }),
  disks: z.array(recipeDiskSchema),
  encrypted: z.array(
    z.object({
      path: z.string(),
      uuid: text,
      /** Of LUKS. */
      version: text,
      /** Null when the header is not in the recipe. */
      headerBytes: bytes.nullable(),
    }),
  ),
  groups: z.array(recipeGroupSchema),
  /** Lines of mdadm.conf(5). */
  arrays: z.array(z.string()),
  /** File systems and swap. */
  fileSystems: z.array(z.object({ path: z.string(), type: z.string(), uuid: text, label: text, sizeBytes: bytes })),
  /** Null when there is none, or only root may read it. */
  fstab: text,
  crypttab: text,
  /** What is missing, and why, for people. */
  notes: z.array(z.string()),
})
export type MachineRecipe = z.infer<typeof machineRecipeSchema>

/** What of the recipe of a version can be shown; LUKS headers never are. */
export const shownRecipeSchema = z.object({
  /** What the recipe takes, before compression. */
  sizeBytes: bytes,
  /** Its files. */
  files: z.array(z.object({ name: z.string(), sizeBytes: bytes })),
  content: machineRecipeSchema.nullable(),
  /** Why the content is null. */
  problem: text,
})
export type ShownRecipe = z.infer<typeof shownRecipeSchema>

/** `show`: null when the version has no recipe, as those of image files. */
export const versionWithRecipeSchema = versionDetailsSchema.extend({ recipe: shownRecipeSchema.nullable() })
export type VersionWithRecipe = z.infer<typeof versionWithRecipeSchema>

/** `show --recipe-to` */
export const extractedRecipeSchema = z.object({
  folder: z.string(),
  files: z.array(z.object({ name: z.string(), sizeBytes: bytes })),
})
export type ExtractedRecipe = z.infer<typeof extractedRecipeSchema>
