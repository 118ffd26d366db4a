// Each icon has a file of its own; what is not used is not even read. The package describes them only all together.
declare module "lucide/dist/esm/icons/*.mjs" {
  import type { IconNode } from "lucide";
  const icon: IconNode;
  export default icon;
}
