import type { ReactNode } from 'react'

/** Line drawings of 20 × 20. They stand beside words, so readers of screens do not hear of them. */
export interface IconProps {
  size?: number
}
export type Icon = (props: IconProps) => ReactNode

const drawn = (shape: ReactNode): Icon =>
  function DrawnIcon({ size = 20 }: IconProps) {
    return (
      <svg
        width={size}
        height={size}
        viewBox="0 0 20 20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.6"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
        className="hf-icon"
      >
        {shape}
      </svg>
    )
  }

export const HomeIcon = drawn(<path d="M3 9.5 10 3.5l7 6V16a1 1 0 0 1-1 1h-3.5v-5h-5v5H4a1 1 0 0 1-1-1z" />)
export const VersionsIcon = drawn(
  <>
    <rect x="3" y="7" width="14" height="10" rx="1.5" />
    <path d="M5 4.6h10M7 2.4h6" />
  </>,
)
export const RestoreIcon = drawn(
  <>
    <path d="M4 10a6 6 0 1 1 1.9 4.4" />
    <path d="M3.6 6.2 4 10l3.7-.6M10 7v3.2l2.2 1.4" />
  </>,
)
export const DestinationsIcon = drawn(
  <>
    <rect x="3" y="3.5" width="14" height="5.5" rx="1.2" />
    <rect x="3" y="11" width="14" height="5.5" rx="1.2" />
    <path d="M6 6.2h.01M6 13.7h.01M12 6.2h2M12 13.7h2" />
  </>,
)
export const HealthIcon = drawn(
  <>
    <path d="M10 2.8 16 5v4.6c0 3.7-2.5 6.2-6 7.6-3.5-1.4-6-3.9-6-7.600V5z" />
    <path d="m7.3 9.8 2 2 3.5-3.7" />
  </>,
)
export const ActivityIcon = drawn(<path d="M2.5 10.500h3.300l2.2-6 3.8 11.5 2.3-5.500h3.4" />)
export const SettingsIcon = drawn(
  <>
    <path d="M3 6h8M15 6h2M3 14h2M9 14h8" />
    <circle cx="13" cy="6" r="2" />
    <circle cx="7" cy="14" r="2" />
  </>,
)
export const CheckIcon = drawn(
  <>
    <circle cx="10" cy="10" r="7.2" />
    <path d="m6.8 10.2 2.2 2.2 4.2-4.6" />
  </>,
)
export const ClockIcon = drawn(
  <>
    <circle cx="10" cy="10" r="7.2" />
    <path d="M10 6v4.200l2.8 1.6" />
  </>,
)
export const WarningIcon = drawn(
  <>
    <path d="M10 3.2 17.5 16.500h-15z" />
    <path d="M10 8.300v3.700M10 14.200h.01" />
  </>,
)
export const DangerIcon = drawn(
  <>
    <path d="M6.8 2.800h6.400l4 4v6.400l-4 4H6.800l-4-4V6.800z" />
    <path d="M10 6.300v4.500M10 13.600h.01" />
  </>,
)
export const NoneIcon = drawn(
  <>
    <circle cx="10" cy="10" r="7.2" />
    <path d="M7 10h6" />
  </>,
)
export const RunIcon = drawn(
  <>
    <circle cx="10" cy="10" r="7.2" />
    <path d="m8.5 7 4.5 3-4.5 3z" />
  </>,
)
export const PauseIcon = drawn(
  <>
    <circle cx="10" cy="10" r="7.2" />
    <path d="M8.2 7.200v5.600M11.8 7.200v5.6" />
  </>,
)
export const LockIcon = drawn(
  <>
    <rect x="4.5" y="9" width="11" height="8" rx="1.5" />
    <path d="M7 9V6.500a3 3 0 0 1 6 0V9" />
  </>,
)
export const DriveIcon = drawn(
  <>
    <path d="m3 12 2-7.500h10l2 7.500v3.500H3z" />
    <path d="M3 12h14M13.5 14h1" />
  </>,
)
export const CloudIcon = drawn(
  <path d="M6 15.500a3.500 3.500 0 0 1-.4-7 4.700 4.700 0 0 1 9-.6 3.800 3.800 0 0 1 .2 7.600z" />,
)
export const ServerIcon = drawn(
  <>
    <rect x="3" y="3.5" width="14" height="5.5" rx="1" />
    <rect x="3" y="11" width="14" height="5.5" rx="1" />
    <path d="M6 6.250h1M6 13.750h1" />
  </>,
)
export const FolderIcon = drawn(
  <path d="M2.8 5.500a1 1 0 0 1 1-1h4l1.7 2h6.700a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1H3.800a1 1 0 0 1-1-1z" />,
)
export const FileIcon = drawn(
  <>
    <path d="M5 2.800h6.500L15 6.300v10.900H5z" />
    <path d="M11.5 2.800v3.500H15" />
  </>,
)
export const PlusIcon = drawn(<path d="M10 4v12M4 10h12" />)
export const CloseIcon = drawn(<path d="m5 5 10 10M15 5 5 15" />)
export const RemoveIcon = drawn(<path d="M4 5.500h12M8 5.500V3.500h4v2M5.5 5.500l.7 11h7.600l.7-11" />)
export const EjectIcon = drawn(<path d="m4 11.5 6-7 6 7zM4 15.500h12" />)
export const KeyIcon = drawn(
  <>
    <circle cx="6.5" cy="13" r="3.2" />
    <path d="m9 10.8 7-7M13 6.800l2 2" />
  </>,
)
export const LinkIcon = drawn(
  <path d="M8.500 11.500 11.500 8.500M9 6l1.200-1.200a3.400 3.400 0 0 1 5 5L14 11M11 14l-1.200 1.200a3.400 3.400 0 0 1-5-5L6 9" />,
)
export const AttachedIcon = drawn(
  <path d="M15.500 9.500 9.700 15.300a3.600 3.600 0 0 1-5.100-5.100l6.400-6.400a2.400 2.400 0 0 1 3.400 3.400l-6.300 6.300a1.200 1.200 0 0 1-1.700-1.700L11.900 6.300" />,
)
